export { Reranker } from './reranker.js'
export { rerank } from './rerank.js'
export { SecondpassError, type ErrorCode } from './errors.js'
export type {
  Content, ContentPart, Device, LoadControl, LoadOptions, Picture, ProgressEvent, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo, Video,
} from './types.js'
