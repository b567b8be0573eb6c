// Adapters that take a model's address load it at the first use. The entry is imported, not bundled: all share the page's Reranker.
import { type LoadOptions, Reranker } from '../index.js'
import type { RerankerSource } from '../reranker-like.js'

/** Turns the options of `Reranker.load` into a source; leaves a source as it is. */
export const sourceOf = (given: RerankerSource | LoadOptions): RerankerSource =>
  typeof given === 'object' && 'model' in given && !('rerank' in given) ? () => Reranker.load(given) : (given as RerankerSource)
