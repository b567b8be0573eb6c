// The page's one model: loaded in the background, replaced on request, with its state reported through events.
import { errorText, isAbort } from './dom.js'
import { library } from './library.js'

/** @import { LoadOptions, ProgressEvent, Reranker, RerankerInfo } from '../../pkg/src/index.js' */

/** @typedef {'none' | 'loading' | 'ready' | 'failed'} Phase */

/**
 * What to load.
 *
 * @typedef {object} ModelSpec
 * @property {string} name
 * @property {string | Blob} model
 * @property {string | Blob | null} [vision]
 * @property {boolean} trained
 * @property {boolean} [userProvided]   the user's own weights, not the demo's
 * @property {string | null} [card]     address of the model card
 * @property {boolean} [lowerCase]      trained on lower-case queries only
 * @property {number} [maxImagePixels]
 * @property {number} [threshold]       of the demo's models: a passage that scores lower does not answer, a picture is more often wrong than right
 * @property {false} [cache]            do not store the files
 */

/** Errors after which the worker is of no further use. */
const FATAL_CODES = ['device_lost', 'worker_failed', 'disposed', 'out_of_memory']

/** Fires `change` whenever its state changes. */
export class Model extends EventTarget {
  /** @type {Phase} */
  phase = 'none'
  /** @type {NonNullable<LoadOptions['device']>} */
  device = 'auto'
  /** What is loaded, or being loaded. @type {ModelSpec | undefined} */
  spec
  /** @type {Reranker | undefined} */
  reranker
  /** Why there is no model. @type {string | undefined} */
  error
  /** The last event of a load. @type {ProgressEvent | undefined} */
  progress
  loadMs = 0
  /** @type {AbortController | undefined} */
  #controller
  /** @type {Promise<Reranker> | undefined} */
  #loading

  /** @returns {RerankerInfo | undefined} */
  get info() {
    return this.reranker?.info
  }

  /**
   * Replaces the present model. With `keep` the present one stays in use if the load fails.
   *
   * @param {ModelSpec} spec
   * @param {{ keep?: boolean }} [options]
   * @returns {Promise<Reranker>}
   */
  load(spec, { keep = false } = {}) {
    this.#controller?.abort()
    const controller = (this.#controller = new AbortController())
    const previous = keep && this.phase === 'ready' && this.reranker ? { spec: this.spec, reranker: this.reranker, loadMs: this.loadMs } : undefined
    if (!previous) this.#drop()
    this.spec = spec
    this.error = this.progress = undefined
    this.#setPhase('loading')
    this.#loading = this.#load(spec, controller.signal).then(
      ({ reranker, loadMs }) => {
        previous?.reranker.dispose()
        this.reranker = reranker
        this.loadMs = loadMs
        this.#setPhase('ready')
        return reranker
      },
      (error) => {
        // A later load has taken over.
        if (this.#controller !== controller) throw error
        if (previous) {
          Object.assign(this, previous)
          this.#loading = Promise.resolve(previous.reranker)
          this.#setPhase('ready')
        } else {
          this.error = isAbort(error) ? undefined : errorText(error)
          this.#setPhase(this.error === undefined ? 'none' : 'failed')
        }
        throw error
      },
    )
    this.#loading.catch(() => {})
    return this.#loading
  }

  /** Aborts a running load. */
  stop() {
    if (this.phase === 'loading') this.#controller?.abort()
  }

  /**
   * The reranker, once loaded. The signal ends the wait, not the load: others may wait for it too.
   *
   * @param {AbortSignal} signal
   * @returns {Promise<Reranker>}
   */
  async ready(signal) {
    signal.throwIfAborted()
    const loading = this.#loading
    if (!loading) throw new Error('No model is loaded.')
    try {
      return await orAborted(loading, signal)
    } catch (error) {
      // Another load has begun, or the previous model is back.
      if (!signal.aborted && this.#loading !== loading) return this.ready(signal)
      throw error
    }
  }

  /** Records why there is no model. @param {string} error */
  fail(error) {
    this.error = error
    this.#setPhase('failed')
  }

  /** Drops the model if the error means that its worker is gone. @param {unknown} error */
  handleLoss(error) {
    if (!(error instanceof Error) || !('code' in error) || !FATAL_CODES.includes(String(error.code))) return
    this.#drop()
    this.fail(errorText(error))
  }

  /** @param {ModelSpec} spec @param {AbortSignal} signal */
  async #load(spec, signal) {
    const started = performance.now()
    const { Reranker } = await library()
    signal.throwIfAborted()
    const reranker = await Reranker.load(loadOptions(spec, this.device), {
      signal,
      onProgress: (event) => {
        this.progress = event
        this.dispatchEvent(new Event('change'))
      },
    })
    if (signal.aborted) {
      reranker.dispose()
      throw signal.reason
    }
    return { reranker, loadMs: performance.now() - started }
  }

  #drop() {
    this.reranker?.dispose()
    this.reranker = this.#loading = undefined
  }

  /** @param {Phase} phase */
  #setPhase(phase) {
    this.phase = phase
    this.dispatchEvent(new Event('change'))
  }
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
function orAborted(promise, signal) {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    promise.then(resolve, reject)
  })
}

/** The package's options for a model. @param {ModelSpec} spec @param {NonNullable<LoadOptions['device']>} device @returns {LoadOptions} */
export function loadOptions({ model, vision, cache, maxImagePixels }, device) {
  return {
    model,
    device,
    ...(vision && { vision }),
    ...(cache !== undefined && { cache }),
    ...(maxImagePixels !== undefined && { maxImagePixels }),
  }
}

/** The device that computes, for display. A software adapter is not called a GPU. @param {RerankerInfo} info */
export function deviceName({ device, adapter, workers }) {
  if (device === 'cpu') return `CPU (WebAssembly, ${workers > 1 ? `${workers} workers` : 'one thread'})`
  if (device !== 'webgpu') return device
  const name = adapter?.name || adapter?.vendor || 'unnamed adapter'
  return adapter?.fallback ? `WebGPU in software (${name}), on the CPU` : `GPU (${name}, WebGPU)`
}
