// Scores arrive in bursts. Cards move a few at a time, so that each move can be seen, and fast enough never to lag far behind.
import { motionAllowed } from '../dom.js'

const TICK_MS = 45

/**
 * Delivers what is pushed in small batches.
 *
 * @template T
 */
export class StaggeredQueue {
  /** @type {T[]} */
  #queue = []
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  #deliver
  /** @type {(() => void)[]} */
  #waiters = []

  /** @param {(batch: T[]) => void} deliver */
  constructor(deliver) {
    this.#deliver = deliver
  }

  /** @param {T} value */
  push(value) {
    this.#queue.push(value)
    this.#timer ??= setTimeout(() => this.#tick(), 0)
  }

  /** Drops what was not delivered. */
  clear() {
    this.#queue = []
  }

  /** Delivers everything at once. */
  flush() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const rest = this.#queue.splice(0)
    if (rest.length > 0) this.#deliver(rest)
    this.#resolveWaiters()
  }

  /** Resolves once everything was delivered. @returns {Promise<void>} */
  settled() {
    return this.#queue.length === 0 && this.#timer === undefined ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve))
  }

  #tick() {
    const size = motionAllowed() && !document.hidden ? Math.ceil(this.#queue.length / 6) : this.#queue.length
    const batch = this.#queue.splice(0, size)
    if (batch.length > 0) this.#deliver(batch)
    if (this.#queue.length > 0) {
      this.#timer = setTimeout(() => this.#tick(), TICK_MS)
      return
    }
    this.#timer = undefined
    this.#resolveWaiters()
  }

  #resolveWaiters() {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}
