/// <reference lib="esnext.disposable" preserve="true" />
import { Remote, type RemoteOptions } from './adapters/remote.js'
import { detach, rasterize } from './attachments.js'
import type { Client } from './client.js'
import { SecondpassError, type ErrorCode } from './errors.js'
import { orAborted, start, type Loaded } from './loading.js'
import type { FromWorker, ToWorker } from './protocol.js'
import type { LoadControl, LoadOptions, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo } from './types.js'

/**
 * A model in a worker of its own. The page stays responsive while it loads and computes.
 *
 * ```ts
 * const reranker = await Reranker.load({ model: '/models/Qwen3-Reranker-0.6B/' })
 * const { results } = await reranker.rerank({ query, documents })
 * ```
 */
export class Reranker {
  readonly #remote: Remote | undefined
  #local!: Local
  #fallbackFor: RerankerInfo['fallback_for']

  private constructor(remote?: Remote) {
    this.#remote = remote
  }

  /** Starts a worker and loads a model into it. With `fallback`, a device that cannot run the model gets that instead. */
  static async load(options: LoadOptions, control: LoadControl = {}): Promise<Reranker> {
    control.signal?.throwIfAborted()
    try {
      const reranker = new Reranker()
      reranker.#local = await Local.load(options, control)
      return reranker
    } catch (error) {
      const { fallback } = options
      if (!fallback || !(error instanceof SecondpassError) || !CANNOT_RUN.has(error.code)) throw error
      const other = typeof fallback === 'function' ? await fallback(error) : fallback
      other.#fallbackFor = { model: String(options.model), code: error.code, message: error.message }
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

  /** What is loaded, and what really runs it. */
  get info(): RerankerInfo {
    const info = this.#remote ? this.#remote.info : this.#local.info
    return this.#fallbackFor ? { ...info, fallback_for: this.#fallbackFor } : info
  }

  /** Scores documents against a query. The first argument is the body of `/v1/rerank`. */
  async rerank(request: RerankRequest, control: RerankControl = {}): Promise<RerankResponse> {
    control.signal?.throwIfAborted()
    return this.#remote ? this.#remote.rerank(request, control) : this.#local.rerank(request, control)
  }

  /** Stops the worker, which frees its memory and the device's. Calls still running are rejected with the code `disposed`. */
  dispose(): void {
    this.#remote?.dispose()
    this.#local?.dispose()
  }

  /** For `using`: the same as `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** What says that this device, not this moment, is the reason. */
const CANNOT_RUN = new Set<ErrorCode>(['no_webgpu', 'out_of_memory', 'device_lost', 'worker_failed', 'unsupported_model', 'unsupported_dtype'])

/** What takes the worker's device away, and often the worker with it; the same work may succeed in another. */
const LOSSES = new Set<ErrorCode>(['device_lost', 'out_of_memory'])

const isLoss = (error: unknown): error is SecondpassError => error instanceof SecondpassError && LOSSES.has(error.code)

/**
 * The model in its worker. If the device or the worker is lost, both are made anew from what is stored, once with half
 * the work at a time, then on the CPU if the caller left the choice; what was running is run again.
 */
class Local {
  #loaded!: Loaded
  #recovering: Promise<void> | undefined
  #losses = 0
  #closed: SecondpassError | undefined

  private constructor(readonly options: LoadOptions) {}

  static async load(options: LoadOptions, control: LoadControl): Promise<Local> {
    const local = new Local(options)
    try {
      local.#loaded = await start(options, control)
    } catch (error) {
      // A load that breaks its device ends here as well, if there is nothing else to run on.
      const other = isLoss(error) ? await onTheCpu(options, control) : undefined
      if (!other) throw error
      local.#loaded = other
    }
    return local
  }

  get info(): RerankerInfo {
    const { client, info } = this.#loaded
    return { ...info, wasm_bytes: client.wasmBytes ?? info.wasm_bytes }
  }

  async rerank(request: RerankRequest, control: RerankControl): Promise<RerankResponse> {
    const told = new Set<number>()
    const onResult = (result: RerankResult) => {
      // What is run again is not told again.
      if (!told.has(result.index)) control.onResult?.(result)
      told.add(result.index)
    }
    for (;;) {
      const { client } = this.#loaded
      try {
        if (this.#closed) throw this.#closed
        const response = await run(client, request, { ...control, onResult })
        this.#losses = 0
        return response
      } catch (error) {
        if (this.#closed || !isLoss(error) || control.signal?.aborted) throw error
        await this.#recover(client, error)
      }
    }
  }

  dispose(): void {
    this.#close(new SecondpassError('disposed', 409, 'The reranker was disposed of.'))
  }

  /** Several requests may notice a loss; one of them mends it. */
  #recover(lost: Client, error: SecondpassError): Promise<void> {
    if (this.#loaded.client !== lost) return Promise.resolve()
    this.#recovering ??= this.#restart(error).finally(() => { this.#recovering = undefined })
    return this.#recovering
  }

  async #restart(error: SecondpassError): Promise<void> {
    this.#loaded.client.close(error)
    this.#losses++
    try {
      const loaded = this.#losses === 1 ? await this.#again() : await onTheCpu(this.options, {})
      if (!loaded) throw error
      loaded.info.recovered_from = { code: error.code, message: error.message }
      if (this.#closed) loaded.client.close(this.#closed)
      this.#loaded = loaded
    } catch (failure) {
      this.#close(failure instanceof SecondpassError ? failure : error)
      throw this.#closed
    }
  }

  /** On the same device, with less at a time; if that is gone for good, on the CPU. */
  async #again(): Promise<Loaded | undefined> {
    try {
      return await start(this.options, {}, this.#losses)
    } catch (error) {
      if (isLoss(error) || (error as SecondpassError).code === 'no_webgpu') return onTheCpu(this.options, {})
      throw error
    }
  }

  #close(error: SecondpassError): void {
    this.#closed ??= error
    this.#loaded.client.close(this.#closed)
  }
}

/** The model on the CPU, if the caller left the choice of the device. */
async function onTheCpu(options: LoadOptions, control: LoadControl): Promise<Loaded | undefined> {
  return (options.device ?? 'auto') === 'auto' ? start({ ...options, device: 'cpu' }, control) : undefined
}

async function run(client: Client, request: RerankRequest, { signal, onResult, strict = false }: RerankControl): Promise<RerankResponse> {
  const { body, attachments, transfer } = await detach(request)
  signal?.throwIfAborted()
  const json = await orAborted(signal, client.call<string>(
    (id) => ({ type: 'rerank', id, body, strict, attachments }),
    signal,
    (message) => {
      if (message.type === 'result' && !signal?.aborted) onResult?.(message.result)
      if (message.type === 'draw') draw(client, message)
    },
    transfer,
  ))
  const response = JSON.parse(json) as RerankResponse
  for (const result of response.results) if (result.document) result.document = asGiven([request.documents].flat()[result.index])
  return response
}

/** What a worker cannot draw, the page draws for it. */
function draw(client: Client, { id, drawing, bytes }: Extract<FromWorker, { type: 'draw' }>): void {
  const answer = (pixels: Extract<ToWorker, { type: 'drawn' }>['pixels']) => client.post({ type: 'drawn', id, drawing, pixels })
  rasterize(bytes).then(answer, () => answer(null))
}

/** A server gives a bare string back as an object with its text, and everything else as it came. */
const asGiven = (document: RerankRequest['documents'][number] | undefined): Exclude<RerankResult['document'], undefined> =>
  typeof document === 'object' ? document : { text: document ?? '' }
