// One piece of work at a time: it begins after a pause, and a newer one ends it.

/** What a search does behind the keywords. */
export class PendingRun {
  /** @type {AbortController | undefined} */
  #controller
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer

  get running() {
    return this.#controller !== undefined
  }

  /** Does the work after a pause, unless that is cancelled first. @param {number} ms @param {() => void} work */
  later(ms, work) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(work, ms)
  }

  /** Ends what runs. @returns {AbortSignal} of the new run */
  begin() {
    this.cancel()
    this.#controller = new AbortController()
    return this.#controller.signal
  }

  /** The run is over, unless a later one has begun. @param {AbortSignal} signal */
  end(signal) {
    if (this.#controller?.signal === signal) this.#controller = undefined
  }

  cancel() {
    clearTimeout(this.#timer)
    this.#controller?.abort()
    this.#controller = undefined
  }
}
