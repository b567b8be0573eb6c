// `secondpass/http`: answers `/v1/rerank` in the page.
export type { RerankerLike, RerankerSource } from '../reranker-like.js'
export { createRerankHandler, type HandlerOptions, type RerankHandler } from './handler.js'
export { serveRerankRoute } from './route-page.js'
export { installRerankRoute, type RouteOptions } from './route-worker.js'
