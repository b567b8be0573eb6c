// What the command uses of the package. That is imported, not bundled, so that there is one class of errors, and one engine.
export { cache, Embedder, type ModelOptions, Reranker, SecondpassError } from '../index.js'
export { models, type PublishedModel } from '../models.js'
export { type IndexProgress, type SearchHit, SearchIndex } from '../search/index.js'
