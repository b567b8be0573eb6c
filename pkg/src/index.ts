export { Reranker } from './reranker.js'
export { rerank } from './rerank.js'
export { SecondpassError, type ErrorCode } from './errors.js'
export type {
  Content, Device, LoadControl, LoadOptions, ProgressEvent, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo,
} from './types.js'
