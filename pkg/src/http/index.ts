// `secondpass/http`: answers `/v1/rerank`, `/score` and `/v1/embeddings` in the page.
export type { EmbedderLike, EmbedderSource } from '../embedder-like.js'
export type { RerankerLike, RerankerSource } from '../reranker-like.js'
export { createEmbeddingsHandler, type EmbeddingsHandlerOptions } from './embeddings.js'
export { createRerankHandler, type HandlerOptions, type RerankHandler } from './handler.js'
export type { RouteHandler, RouteHandlerOptions } from './route.js'
export { serveRerankRoute } from './route-page.js'
export { installRerankRoute, type RouteOptions } from './route-worker.js'
export { createScoreHandler } from './score.js'
