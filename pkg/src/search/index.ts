// The entry `secondpass/search`: a whole search in the page.
export type { EmbedderLike, EmbedderSource, EmbeddingsLike } from '../embedder-like.js'
export type { RerankerLike, RerankerSource } from '../reranker-like.js'
export type { ContentFields, SearchIndexOptions, VectorField } from './index-options.js'
export type { IndexControl, IndexProgress } from './index-progress.js'
export {
  evaluate,
  type Judgements,
  type Measure,
  readJudgements,
  type SearchQuality,
  type SearchRunScores,
} from './metrics.js'
export { SearchIndex, type SearchIndexInfo } from './search-index.js'
export type { SearchHit, SearchOptions, SearchResponse, SearchStage, StageReport, StageUpdate } from './search-types.js'
export type { IndexStorage } from './segment-store.js'
export type { DocumentWithVector, VectorAt } from './vector-place.js'
export { type DocumentField, type DocumentsWithVectors, type QueryVectorOptions, queryVector, type WithVectorsOptions, withVectors } from './with-vectors.js'
