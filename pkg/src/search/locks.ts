// Who may write: one call at a time within this page, and one page at a time where others share the storage.

/** Locks of one index. `shared`: other pages may have it open too. */
export class IndexLocks {
  readonly #name: string
  readonly #shared: boolean
  readonly #tails = new Map<string, Promise<unknown>>()

  constructor(name: string, shared: boolean) {
    this.#name = `secondpass-search:${name}`
    this.#shared = shared && globalThis.navigator?.locks !== undefined
  }

  /** Runs `work` once it is its turn. An abort ends the waiting; work that has begun decides for itself. */
  run<T>(what: string, mode: LockMode, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(what) ?? Promise.resolve()
    let begun = false
    const begin = () => {
      begun = true
      return work()
    }
    const turn = before.then(() => {
      signal?.throwIfAborted()
      // The types of `request` do not say that it awaits what the callback returns.
      return this.#shared ? (navigator.locks.request(`${this.#name}:${what}`, { mode, ...(signal && { signal }) }, begin) as Promise<T>) : begin()
    })
    this.#tails.set(
      what,
      turn.catch(() => {}),
    )
    if (!signal) return turn
    return new Promise((resolve, reject) => {
      const stop = () => begun || reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
    })
  }
}
