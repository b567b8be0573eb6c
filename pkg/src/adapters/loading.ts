// Adapters that take a model's address load it at the first use.
import { Reranker } from '../index.js'
import type { LoadOptions } from '../types.js'
import type { RerankerSource } from './source.js'

/** Turns the options of `Reranker.load` into a source; leaves a source as it is. */
export const sourceOf = (given: RerankerSource | LoadOptions): RerankerSource =>
  typeof given === 'object' && 'model' in given && !('rerank' in given) ? () => Reranker.load(given) : (given as RerankerSource)
