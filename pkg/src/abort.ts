// Waiting that ends with an abort.

/** A worker that is asked to stop is given so long, in milliseconds, to do so: a load to close its files before it is ended. */
const ABORT_GRACE_MS = 50

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

/** Waits at least until the next task. An abort ends the timer too. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Rejects soon after an abort, also where the worker is too busy to hear of it. */
export function orAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const stop = () => setTimeout(() => reject(signal.reason), ABORT_GRACE_MS)
    signal.addEventListener('abort', stop, { once: true })
    // A result that arrives within the grace period is not wanted any more.
    work.then((value) => (signal.aborted ? reject(signal.reason) : resolve(value)), reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
