export { cache, type CacheOptions } from './cache.js'
export { Reranker, type LoadOptions } from './reranker.js'
export { rerank } from './rerank.js'
export { SecondpassError, type ErrorCode } from './errors.js'
export type { Content, ContentPart, Picture, Video } from './content/types.js'
export type {
  Cache, CachedFile, Device, LoadControl, ModelOptions, ProgressEvent, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo, VerifiedFile, WasmUrls,
} from './types.js'
export { rerankHits, type HitData, type HitField, type HitHandle, type RankedHit, type RerankHitsOptions } from './search/hits.js'
export type { RemoteOptions } from './remote/remote.js'
export type { RemoteFormat } from './remote/wire.js'
export type { RerankerLike } from './reranker-like.js'
