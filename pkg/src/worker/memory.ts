// How much of the module's memory was taken for pictures. Wasm memory never shrinks, so the page replaces a worker that took much.

/** Watches the memory of one module through one request. */
export class MemoryWatch {
  readonly #memory: WebAssembly.Memory
  #watchedFrom: number | undefined
  #grown = 0

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory
  }

  /** The engine decodes and scales a picture in the microtasks after it was given one: what the memory grows in this turn is for that. */
  watchNextTurn(): void {
    this.#watchedFrom ??= this.#memory.buffer.byteLength
    setTimeout(() => this.#settle())
  }

  /** Bytes that pictures added so far. */
  get grownByPictures(): number {
    this.#settle()
    return this.#grown
  }

  /** Bytes of all of it. */
  get bytes(): number {
    return this.#memory.buffer.byteLength
  }

  #settle(): void {
    if (this.#watchedFrom === undefined) return
    this.#grown += this.#memory.buffer.byteLength - this.#watchedFrom
    this.#watchedFrom = undefined
  }
}

/** 256 MiB: the pixels of a picture of the largest size, more than any other single allocation. */
const PROBE_PAGES = 4096

/** Whether an allocation failed for want of memory. Asked after a crash, when the module is of no more use. */
export function isExhausted(memory: WebAssembly.Memory): boolean {
  try {
    memory.grow(PROBE_PAGES)
    return false
  } catch {
    return true
  }
}
