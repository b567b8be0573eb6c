// Anything that reranks, and where an adapter gets it from.
import { untilAborted } from './abort.js'
import type { RerankControl, RerankRequest, RerankResponse } from './types.js'

/** Anything that reranks as `Reranker` does: a model in the page, a remote one, or one of your own. */
export interface RerankerLike {
  /** Scores documents against a query. */
  rerank(request: RerankRequest, control?: RerankControl): Promise<RerankResponse>
  /** Whether it can no longer be used. */
  readonly closed?: boolean
}

/** A reranker, a promise of one, or a function that makes one at the first use. */
export type RerankerSource = RerankerLike | PromiseLike<RerankerLike> | (() => RerankerLike | PromiseLike<RerankerLike>)

/**
 * Resolves a source at the first call and keeps the result. A failure is tried again at the next call, and a model that has closed
 * since is made again where the source is a function.
 */
export function once<Model extends { readonly closed?: boolean }>(
  source: Model | PromiseLike<Model> | (() => Model | PromiseLike<Model>),
): (signal?: AbortSignal) => Promise<Model> {
  let current: Promise<Model> | undefined
  const make = () => {
    const made = resolve(source).catch((error) => {
      if (current === made) current = undefined
      throw error
    })
    return (current = made)
  }
  return async (signal) => {
    const asked = current ?? make()
    const model = await untilAborted(asked, signal)
    if (!model.closed || typeof source !== 'function') return model
    // Several callers may find it closed; the first makes another.
    return untilAborted(current === asked || !current ? make() : current, signal)
  }
}

const resolve = async <Model>(source: Model | PromiseLike<Model> | (() => Model | PromiseLike<Model>)): Promise<Model> =>
  typeof source === 'function' ? (source as () => Model | PromiseLike<Model>)() : source

/** The documents without a score, in sentences. */
export const failuresOf = ({ meta }: RerankResponse): string[] =>
  (meta.failed ?? []).map(({ index, message }) => `documents[${index}] has no score: ${message}`)

/** The control of a call, without absent keys. */
export const controlOf = (signal?: AbortSignal, onResult?: RerankControl['onResult']): RerankControl => ({
  ...(signal && { signal }),
  ...(onResult && { onResult }),
})
