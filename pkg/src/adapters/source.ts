// Where an adapter gets its reranker from.
import type { RerankControl, RerankRequest, RerankResponse } from '../types.js'

/** Anything that reranks as `Reranker` does: a model in the page, a remote one, or one of your own. */
export interface RerankerLike {
  /** Scores documents against a query. */
  rerank(request: RerankRequest, control?: RerankControl): Promise<RerankResponse>
  /** Whether it can be of no more use. */
  readonly closed?: boolean
}

/** A reranker, a promise of one, or a function that makes one at the first use. */
export type RerankerSource = RerankerLike | PromiseLike<RerankerLike> | (() => RerankerLike | PromiseLike<RerankerLike>)

/** Resolves a source once, at the first call; what failed is tried again at the next, and what was closed since is made anew where that is possible. */
export function once(source: RerankerSource): (signal?: AbortSignal) => Promise<RerankerLike> {
  let ready: Promise<RerankerLike> | undefined
  const begin = () => {
    const begun = start(source).catch((error) => {
      if (ready === begun) ready = undefined
      throw error
    })
    return (ready = begun)
  }
  return async (signal) => {
    const asked = ready ?? begin()
    const reranker = await untilAborted(asked, signal)
    if (!reranker.closed || typeof source !== 'function') return reranker
    // Several callers may find it closed; one of them begins anew.
    return untilAborted(ready === asked || !ready ? begin() : ready, signal)
  }
}

const start = async (source: RerankerSource): Promise<RerankerLike> => (typeof source === 'function' ? source() : source)

/** One caller's abort ends its waiting, not the work, for which others may wait too. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** The documents without a score, in sentences. */
export const failures = ({ meta }: RerankResponse): string[] =>
  (meta.failed ?? []).map(({ index, message }) => `documents[${index}] has no score: ${message}`)

/** Control for a call, without the keys that are absent. */
export const controlled = (signal?: AbortSignal, onResult?: RerankControl['onResult']): RerankControl => ({
  ...(signal && { signal }),
  ...(onResult && { onResult }),
})
