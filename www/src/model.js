// The one model of the page: fetched in the background, exchanged on request, and always told about honestly.
import { isAbort, sentence } from './dom.js'
import { LoadProgress } from './progress.js'

/**
 * Fires `change` whenever something about the model changes.
 * `phase` is `none`, `loading`, `ready` or `failed`.
 */
export class Model extends EventTarget {
  phase = 'none'
  device = 'auto'
  /** What is or will be loaded: `{ name, model, vision, trained, card, own }`. */
  spec
  reranker
  error
  progress
  loadMs
  #controller
  #loading

  /** The package, fetched when it is first needed. */
  static library() {
    return import('./secondpass/index.js')
  }

  get info() {
    return this.reranker?.info
  }

  /** Loads a model in the place of the present one, which stays if this fails for one of the reader's own. */
  load(spec, { keep = false } = {}) {
    this.#controller?.abort()
    const controller = (this.#controller = new AbortController())
    const previous = keep && this.phase === 'ready' ? { spec: this.spec, reranker: this.reranker, loadMs: this.loadMs } : undefined
    if (!previous) this.#drop()
    this.spec = spec
    this.error = this.progress = undefined
    this.#phase('loading')
    this.#loading = this.#load(spec, controller.signal).then(
      (loaded) => {
        previous?.reranker.dispose()
        Object.assign(this, loaded)
        this.#phase('ready')
        return this.reranker
      },
      (error) => {
        if (this.#controller !== controller) throw error
        if (previous) {
          Object.assign(this, previous)
          this.#loading = Promise.resolve(previous.reranker)
        } else this.error = isAbort(error) ? undefined : sentence(error)
        this.#phase(previous ? 'ready' : this.error ? 'failed' : 'none')
        throw error
      },
    )
    this.#loading.catch(() => {})
    return this.#loading
  }

  /** Stops a load. */
  stop() {
    if (this.phase === 'loading') this.#controller.abort()
  }

  /** The reranker, once it is there. The signal ends the wait, not the load, which others wait for too. */
  async ready(signal) {
    signal?.throwIfAborted()
    const loading = this.#loading
    if (!loading) throw new Error('No model is loaded.')
    try {
      return await orAborted(loading, signal)
    } catch (error) {
      // Another load has begun, or the model from before is back.
      if (!signal?.aborted && this.#loading !== loading) return this.ready(signal)
      throw error
    }
  }

  /** There is none, and why. */
  failed(error) {
    this.error = error
    this.#phase('failed')
  }

  /** For errors after which the worker is of no more use. */
  lost(error) {
    if (!['device_lost', 'worker_failed', 'disposed', 'out_of_memory'].includes(error?.code)) return
    this.#drop()
    this.failed(sentence(error))
  }

  async #load(spec, signal) {
    const started = performance.now()
    const { Reranker } = await Model.library()
    signal.throwIfAborted()
    const options = { model: spec.model, device: this.device, ...(spec.vision && { vision: spec.vision }), ...(spec.cache !== undefined && { cache: spec.cache }), ...(spec.maxImagePixels && { maxImagePixels: spec.maxImagePixels }) }
    const progress = new LoadProgress()
    const reranker = await Reranker.load(options, {
      signal,
      onProgress: (event) => {
        progress.add(event)
        this.progress = progress
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

  #phase(phase) {
    this.phase = phase
    this.dispatchEvent(new Event('change'))
  }
}

function orAborted(promise, signal) {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    promise.then(resolve, reject)
  })
}

/** What really computes. A software adapter is not called a GPU. */
export function deviceOf({ device, adapter }) {
  if (device === 'cpu') return 'CPU (WebAssembly, one thread)'
  if (device !== 'webgpu') return device
  const name = adapter?.name || adapter?.vendor || 'unnamed adapter'
  return adapter?.fallback ? `WebGPU in software (${name}), on the CPU` : `GPU (${name}, WebGPU)`
}
