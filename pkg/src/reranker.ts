/// <reference lib="esnext.disposable" preserve="true" />
import { Remote, type RemoteOptions } from './adapters/remote.js'
import { absolute, detach, rasterize } from './attachments.js'
import { SecondpassError, fromWire } from './errors.js'
import { recallKernels, rememberKernels } from './kernels.js'
import type { FromWorker, ToWorker } from './protocol.js'
import type { LoadControl, LoadOptions, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo } from './types.js'

interface Pending {
  resolve: (value: never) => void
  reject: (error: unknown) => void
  onMessage: (message: FromWorker) => void
  signal: AbortSignal | undefined
}

/**
 * A model in a worker of its own. The page stays responsive while it loads and computes.
 *
 * ```ts
 * const reranker = await Reranker.load({ model: '/models/Qwen3-Reranker-0.6B/' })
 * const { results } = await reranker.rerank({ query, documents })
 * ```
 */
export class Reranker {
  readonly #worker!: Worker
  readonly #remote: Remote | undefined
  readonly #pending = new Map<number, Pending>()
  #nextId = 1
  #closed: SecondpassError | undefined
  #info!: RerankerInfo

  private constructor(worker: Worker | Remote) {
    if (worker instanceof Remote) {
      this.#remote = worker
      this.#info = worker.info
      return
    }
    this.#worker = worker
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data)
    worker.onerror = (event) => {
      event.preventDefault()
      this.#close(failed(`The worker stopped${event.message ? `: ${event.message}` : ', or its script could not be loaded. Serve worker.js beside the package, from the page’s own origin, or give its address as worker'}.`))
    }
    worker.onmessageerror = () => this.#close(failed('A message from the worker could not be read.'))
  }

  /** Starts a worker and loads a model into it. With `fallback`, a device that cannot run the model gets that instead. */
  static async load(options: LoadOptions, control: LoadControl = {}): Promise<Reranker> {
    try {
      return await Reranker.#load(options, control)
    } catch (error) {
      const { fallback } = options
      if (!fallback || !(error instanceof SecondpassError) || !CANNOT_RUN.has(error.code)) throw error
      const other = typeof fallback === 'function' ? await fallback(error) : fallback
      other.#info = { ...other.#info, fallback_for: { model: String(options.model), code: error.code, message: error.message } }
      return other
    }
  }

  /**
   * The same calls against a `/v1/rerank` server: vLLM, llama.cpp, TEI, Cohere, Jina, or a host.
   *
   * ```ts
   * const reranker = Reranker.remote({ url: 'https://example.org/v1/rerank', model: 'Qwen/Qwen3-VL-Reranker-2B' })
   * ```
   */
  static remote(options: RemoteOptions): Reranker {
    return new Reranker(new Remote(options))
  }

  static async #load(options: LoadOptions, { signal, onProgress }: LoadControl): Promise<Reranker> {
    signal?.throwIfAborted()
    const reranker = new Reranker(startWorker(options.worker))
    try {
      const engineOptions = {
        model: absolute(options.model),
        device: options.device ?? 'auto',
        dtype: options.dtype ?? 'auto',
        vision: options.vision === undefined ? undefined : absolute(options.vision),
        maxImagePixels: options.maxImagePixels,
        applyOrientation: options.applyOrientation ?? false,
        savings: options.savings,
        kernels: recallKernels(),
      }
      const wasmUrl = options.wasmUrl === undefined ? null : absolute(options.wasmUrl)
      reranker.#info = await reranker.#call<RerankerInfo>(
        (id) => ({ type: 'load', id, options: JSON.stringify(engineOptions), wasmUrl }),
        signal,
        (message) => message.type === 'progress' && onProgress?.(message.event),
      )
      rememberKernels(reranker.#info)
      return reranker
    } catch (error) {
      reranker.dispose()
      throw error
    }
  }

  /** What is loaded, and what really runs it. */
  get info(): RerankerInfo {
    return this.#info
  }

  /** Scores documents against a query. The first argument is the body of `/v1/rerank`. */
  async rerank(request: RerankRequest, control: RerankControl = {}): Promise<RerankResponse> {
    if (this.#remote) return this.#remote.rerank(request, control)
    const { signal, onResult, strict = false } = control
    signal?.throwIfAborted()
    const { body, attachments, transfer } = await detach(request)
    signal?.throwIfAborted()
    const json = await this.#call<string>(
      (id) => ({ type: 'rerank', id, body, strict, attachments }),
      signal,
      (message) => this.#during(message, onResult),
      transfer,
    )
    const response = JSON.parse(json) as RerankResponse
    for (const result of response.results) if (result.document) result.document = asGiven([request.documents].flat()[result.index])
    return response
  }

  #during(message: FromWorker, onResult: RerankControl['onResult']): void {
    if (message.type === 'result') onResult?.(message.result)
    if (message.type !== 'draw') return
    const answer = (pixels: Extract<ToWorker, { type: 'drawn' }>['pixels']) =>
      this.#worker.postMessage({ type: 'drawn', id: message.id, drawing: message.drawing, pixels } satisfies ToWorker)
    rasterize(message.bytes).then(answer, () => answer(null))
  }

  /** Stops the worker, which frees its memory and the device's. Calls still running are rejected with the code `disposed`. */
  dispose(): void {
    this.#remote?.dispose()
    this.#close(new SecondpassError('disposed', 409, 'The reranker was disposed of.'))
  }

  /** For `using`: the same as `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }

  #call<T>(message: (id: number) => ToWorker, signal: AbortSignal | undefined, onMessage: (message: FromWorker) => void, transfer: Transferable[] = []): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    const id = this.#nextId++
    const onAbort = () => this.#worker.postMessage({ type: 'abort', id } satisfies ToWorker)
    signal?.addEventListener('abort', onAbort, { once: true })
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onMessage, signal })
      this.#worker.postMessage(message(id), transfer)
    }).finally(() => {
      this.#pending.delete(id)
      signal?.removeEventListener('abort', onAbort)
    })
  }

  #receive(message: FromWorker): void {
    if (message.type === 'ready') return
    const pending = this.#pending.get(message.id)
    if (!pending) return
    switch (message.type) {
      case 'loaded':
        return pending.resolve(message.info as never)
      case 'done':
        return pending.resolve(message.response as never)
      case 'failed':
        return pending.reject(fromWire(message.error, pending.signal))
      default:
        return pending.onMessage(message)
    }
  }

  #close(error: SecondpassError): void {
    if (this.#closed) return
    this.#closed = error
    this.#worker?.terminate()
    for (const pending of this.#pending.values()) pending.reject(error)
  }
}

/** What says that this device, not this moment, is the reason. */
const CANNOT_RUN = new Set<string>(['no_webgpu', 'out_of_memory', 'device_lost', 'worker_failed', 'unsupported_model', 'unsupported_dtype'])

const failed = (message: string) => new SecondpassError('worker_failed', 500, message)

function startWorker(worker: LoadOptions['worker']): Worker {
  try {
    if (typeof worker === 'function') return worker()
    // Bundlers find the worker by this very form, so it must not be pulled apart.
    if (worker === undefined) return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    return new Worker(worker, { type: 'module' })
  } catch (error) {
    throw failed(`The worker could not be started: ${(error as Error).message}`)
  }
}

/** A server gives a bare string back as an object with its text, and everything else as it came. */
const asGiven = (document: RerankRequest['documents'][number] | undefined): Exclude<RerankResult['document'], undefined> =>
  typeof document === 'object' ? document : { text: document ?? '' }
