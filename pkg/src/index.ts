export { cache, type CacheOptions } from './cache.js'
export { Reranker } from './reranker.js'
export { rerank } from './rerank.js'
export { SecondpassError, type ErrorCode } from './errors.js'
export type {
  Cache, CachedFile, Content, ContentPart, Device, LoadControl, LoadOptions, Picture, ProgressEvent, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo, VerifiedFile, Video,
} from './types.js'
