// The main entry of the package: what a page imports.
export { type CacheOptions, cache } from './cache.js'
export type { Content, ContentPart, Picture, Video } from './content/types.js'
export type {
  EmbedControl,
  EmbeddedVector,
  EmbedderInfo,
  EmbedderOptions,
  EmbeddingData,
  EmbeddingPrompts,
  EmbedRequest,
  EmbedResponse,
  EncodingFormat,
  InputType,
} from './embed-types.js'
export { Embedder } from './embedder.js'
export type { EmbedderLike } from './embedder-like.js'
/** @internal */
export { internals } from './entry/internals.js'
export { type ErrorCode, SecondpassError } from './errors.js'
export type { EmbeddingsFormat } from './remote/embeddings-wire.js'
export type { RemoteOptions } from './remote/options.js'
export type { RemoteEmbedderOptions } from './remote/remote-embedder.js'
export type { RemoteFormat } from './remote/wire.js'
export { rerank } from './rerank.js'
export { type LoadOptions, Reranker } from './reranker.js'
export type { RerankerLike } from './reranker-like.js'
export type { ScoreControl, ScoreRequest, ScoreResponse, ScoreResult } from './score.js'
export type { HitData, HitField, HitHandle, HitPath } from './search/fields.js'
export type { HitLists, PublishedHitsOptions } from './search/hit-lists.js'
export { type RankedHit, type RankedHits, type RerankHitsOptions, rerankHits } from './search/hits.js'
export type {
  Cache,
  CachedFile,
  CacheFolder,
  Device,
  LoadControl,
  ModelOptions,
  ProgressEvent,
  RerankControl,
  RerankerInfo,
  RerankRequest,
  RerankResponse,
  RerankResult,
  Routing,
  VerifiedFile,
  WasmUrls,
} from './types.js'
