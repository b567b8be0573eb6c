/// <reference lib="esnext.disposable" preserve="true" />
import { Remote, type RemoteOptions } from './adapters/remote.js'
import { detach, rasterize } from './attachments.js'
import type { Client } from './client.js'
import { SecondpassError, type ErrorCode } from './errors.js'
import { orAborted, start, type Loaded } from './loading.js'
import type { FromWorker, ToWorker } from './protocol.js'
import { forgetKernels } from './kernels.js'
import type { LoadControl, LoadOptions, ProgressEvent, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo } from './types.js'

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

  /** Whether it was disposed of, or lost what it runs on for good. */
  get closed(): boolean {
    return this.#remote ? this.#remote.closed : this.#local.closed
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
  /** Ends a recovery that nobody waits for any more. */
  readonly #end = new AbortController()
  #closed: SecondpassError | undefined

  private constructor(readonly options: LoadOptions) {}

  static async load(options: LoadOptions, control: LoadControl): Promise<Local> {
    const local = new Local(options)
    const { onProgress, ...rest } = control
    const told = onProgress ? { ...rest, onProgress: forward(onProgress) } : rest
    local.#loaded = await start(options, told).catch(async (error) => {
      if (!isLoss(error)) throw error
      // One of the kernels may be what the device does not take: the second try is with those that it surely does.
      forgetKernels()
      return again(options, told, 1).then((loaded) => recovered(loaded, error))
    })
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
        await orAborted(control.signal, this.#recover(client, error))
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
      const control = { signal: this.#end.signal }
      const loaded = this.#losses === 1 ? await again(this.options, control, this.#losses) : await onTheCpu(this.options, control)
      if (!loaded) throw error
      if (this.#closed) loaded.client.close(this.#closed)
      this.#loaded = recovered(loaded, error)
    } catch (failure) {
      this.#close(failure instanceof SecondpassError ? failure : error)
      throw this.#closed
    }
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  #close(error: SecondpassError): void {
    this.#closed ??= error
    this.#end.abort(this.#closed)
    this.#loaded.client.close(this.#closed)
  }
}

/** On the same device, with less at a time; if that is gone for good, on the CPU. */
async function again(options: LoadOptions, control: LoadControl, losses: number): Promise<Loaded> {
  try {
    return await start(options, control, losses)
  } catch (error) {
    const gone = isLoss(error) || (error as SecondpassError).code === 'no_webgpu'
    const other = gone ? await onTheCpu(options, control) : undefined
    if (!other) throw error
    return other
  }
}

function recovered(loaded: Loaded, { code, message }: SecondpassError): Loaded {
  loaded.info.recovered_from = { code, message }
  return loaded
}

/** A load that begins anew on another device tells again what has been told. */
function forward(onProgress: (event: ProgressEvent) => void): (event: ProgressEvent) => void {
  const told = new Map<string, number>()
  return (event) => {
    const key = `${event.stage} ${event.file ?? ''}`
    if (event.loaded < (told.get(key) ?? 0)) return
    told.set(key, event.loaded)
    onProgress(event)
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
