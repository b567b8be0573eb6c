export { cache, type CacheOptions } from './cache.js'
export { Reranker } from './reranker.js'
export { rerank } from './rerank.js'
export { SecondpassError, type ErrorCode } from './errors.js'
export type {
  Cache, CachedFile, Content, ContentPart, Device, LoadControl, LoadOptions, Picture, ProgressEvent, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo, VerifiedFile, Video,
} from './types.js'
export { rerankHits, type HitData, type HitField, type HitHandle, type RankedHit, type RerankHitsOptions } from './adapters/hits.js'
export type { RemoteOptions } from './adapters/remote.js'
export type { RemoteFormat } from './adapters/remote-wire.js'
export type { RerankerLike } from './adapters/source.js'
