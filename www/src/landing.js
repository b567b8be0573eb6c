// Scores come in bursts; cards land one after the other, quickly enough never to lag behind for long.
import { mayMove } from './dom.js'

const TICK_MS = 45

/** Hands on what is pushed, a few at a time. */
export class Landing {
  #queue = []
  #timer
  #land
  #idle = []

  constructor(land) {
    this.#land = land
  }

  push(thing) {
    this.#queue.push(thing)
    this.#timer ??= setTimeout(() => this.#tick(), 0)
  }

  /** Forgets what has not landed. */
  clear() {
    this.#queue = []
  }

  /** Lands what waits, at once. */
  flush() {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const rest = this.#queue.splice(0)
    if (rest.length > 0) this.#land(rest)
    this.#rest()
  }

  /** When all has landed. */
  settled() {
    return this.#queue.length === 0 && this.#timer === undefined ? Promise.resolve() : new Promise((done) => this.#idle.push(done))
  }

  #tick() {
    const many = mayMove() && !document.hidden ? Math.ceil(this.#queue.length / 6) : this.#queue.length
    const batch = this.#queue.splice(0, many)
    if (batch.length > 0) this.#land(batch)
    if (this.#queue.length > 0) {
      this.#timer = setTimeout(() => this.#tick(), TICK_MS)
      return
    }
    this.#timer = undefined
    this.#rest()
  }

  #rest() {
    for (const done of this.#idle.splice(0)) done()
  }
}
