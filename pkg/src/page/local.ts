// A model in a worker that may be lost, and is then loaded again.
import { orAborted, untilAborted } from '../abort.js'
import { type ErrorCode, SecondpassError, WorkerLostError } from '../errors.js'
import type { LoadControl, ModelOptions, ProgressEvent, RerankControl, RerankerInfo, RerankRequest, RerankResponse, RerankResult } from '../types.js'
import type { Client } from './client.js'
import { forgetKernels } from './kernels.js'
import { type LoadedModel, loadModel } from './loading.js'
import { sendRequest } from './request.js'

/** A request that was being computed when its worker was lost is repeated so often; then it is taken for the cause. */
const REPEATS = 1
/**
 * Restarts in a row without one answered request, after which the reranker closes. Each loads the whole model, and a request
 * causes two at most: five requests in a row that all ended so say that no restart will help.
 */
const MAX_RESTARTS = 10
/** Memory that pictures may add to the module before the worker is replaced. A decoded photo of 12 megapixels stays below it. */
const MAX_PICTURE_BYTES = 256 * 2 ** 20
/** A worker is replaced only when nothing was asked of it for so long, in milliseconds: the next request has to wait for the load. */
const IDLE_MS = 500
/** Where files lie that a second load reads without the network. */
const STORED = new Set<RerankerInfo['storage']>(['opfs', 'cache-api', 'file'])

/** Errors of the engine which say that the device is gone. */
const LOSSES = new Set<ErrorCode>(['device_lost', 'out_of_memory'])

const isLoss = (error: unknown): error is SecondpassError => error instanceof WorkerLostError || (error instanceof SecondpassError && LOSSES.has(error.code))

/** Whether the request itself may be the cause: it was being computed. */
const isSuspect = (error: SecondpassError): boolean => !(error instanceof WorkerLostError) || error.suspect

/** The error for requests that wait behind the one that failed. */
const blameless = ({ code, status, message }: SecondpassError) => new WorkerLostError(code, status, message)

/**
 * The model in its worker. If the worker crashes, another loads the model from what is stored. If the device is lost, it is first
 * opened again, with half the work at a time; then the CPU is used, if the caller left the choice. What was pending is run again.
 */
export class Local {
  #loaded!: LoadedModel
  #starting: Promise<void> | undefined
  /** Restarts since the last answer, and how many of them followed the loss of a device. */
  #restarts = 0
  #losses = 0
  #running = 0
  #idle: ReturnType<typeof setTimeout> | undefined
  /** Ends a restart that nobody waits for any more. */
  readonly #end = new AbortController()
  #closed: SecondpassError | undefined

  private constructor(readonly options: ModelOptions) {}

  static async load(options: ModelOptions, control: LoadControl): Promise<Local> {
    const local = new Local(options)
    const { onProgress, ...rest } = control
    const forwarding = onProgress ? { ...rest, onProgress: onlyForward(onProgress) } : rest
    local.#loaded = await loadModel(options, forwarding).catch(async (error) => {
      if (!isLoss(error)) throw error
      // A kernel may be what the device cannot take: the second try is with the safe ones.
      forgetKernels()
      return recovered(await reload(options, forwarding, 1), error)
    })
    return local
  }

  get info(): RerankerInfo {
    const { client, info } = this.#loaded
    return { ...info, wasm_bytes: client.wasmBytes ?? info.wasm_bytes }
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  async rerank(request: RerankRequest, control: RerankControl): Promise<RerankResponse> {
    clearTimeout(this.#idle)
    this.#running++
    try {
      return await this.#repeated(request, control)
    } finally {
      this.#running--
      this.#releaseMemory()
    }
  }

  dispose(): void {
    this.#close(new SecondpassError('disposed', 409, 'The reranker was disposed of.'))
  }

  async #repeated(request: RerankRequest, control: RerankControl): Promise<RerankResponse> {
    const reported = new Set<number>()
    const onResult = (result: RerankResult) => {
      // A repeated request does not report a score twice.
      if (!reported.has(result.index)) control.onResult?.(result)
      reported.add(result.index)
    }
    for (let failures = 0; ; ) {
      // A start that failed is not this request's end: it finds the worker closed, and tries again.
      if (this.#starting)
        await untilAborted(
          this.#starting.catch(() => {}),
          control.signal,
        )
      if (this.#closed) throw this.#closed
      const { client, info } = this.#loaded
      try {
        const response = await sendRequest(client, request, { ...control, onResult })
        this.#restarts = 0
        this.#losses = 0
        return response
      } catch (error) {
        if (this.#closed || !isLoss(error) || control.signal?.aborted) throw error
        if (isSuspect(error)) failures++
        if (failures > REPEATS && !(LOSSES.has(error.code) && this.#canMoveToCpu(info))) {
          client.close(blameless(error))
          throw error
        }
        await orAborted(control.signal, this.#recover(client, error))
      }
    }
  }

  #canMoveToCpu({ device }: RerankerInfo): boolean {
    return device === 'webgpu' && (this.options.device ?? 'auto') === 'auto'
  }

  /** Several requests may notice a loss; the first of them restarts the worker. */
  #recover(lost: Client, error: SecondpassError): Promise<void> {
    if (this.#loaded.client !== lost) return Promise.resolve()
    return this.#startOnce(() => this.#restart(error))
  }

  #startOnce(start: () => Promise<void>): Promise<void> {
    this.#starting ??= start().finally(() => {
      this.#starting = undefined
    })
    return this.#starting
  }

  async #restart(error: SecondpassError): Promise<void> {
    this.#loaded.client.close(blameless(error))
    this.#restarts++
    if (LOSSES.has(error.code)) this.#losses++
    try {
      if (this.#restarts > MAX_RESTARTS) throw error
      const control = { signal: this.#end.signal }
      const onCpu = this.#losses > 1 ? loadOnCpu(this.options, control) : undefined
      // A crash says nothing of the device, so it is the same again.
      const options = this.#losses > 0 ? this.options : this.#optionsOfDevice()
      this.#use(recovered(await (onCpu ?? reload(options, control, this.#losses)), error))
    } catch (failure) {
      this.#close(failure instanceof SecondpassError ? failure : error)
      throw this.#closed
    }
  }

  /** Wasm memory never shrinks: what large pictures took is given back by another worker, which loads the model from storage. */
  #releaseMemory(): void {
    const { client, info } = this.#loaded
    if (this.#running > 0 || this.#closed || client.closed || client.pictureBytes < MAX_PICTURE_BYTES || !STORED.has(info.storage)) return
    this.#idle = setTimeout(() => {
      // Should it fail, the next request finds the worker closed, and tries again.
      this.#startOnce(() => this.#replace()).catch(() => {})
    }, IDLE_MS)
  }

  async #replace(): Promise<void> {
    const { client, info } = this.#loaded
    // First, since both at once might not fit.
    client.close(new WorkerLostError('internal', 500, 'The worker was replaced to give back its memory.'))
    const { recovered_from } = info
    const loaded = await loadModel(this.#optionsOfDevice(), { signal: this.#end.signal })
    this.#use({ ...loaded, info: { ...loaded.info, ...(recovered_from && { recovered_from }) } })
  }

  /** To load on the device that the model runs on now; it may have moved to the CPU. */
  #optionsOfDevice(): ModelOptions {
    return this.#loaded.info.device === 'cpu' ? { ...this.options, device: 'cpu' } : this.options
  }

  #use(loaded: LoadedModel): void {
    if (this.#closed) loaded.client.close(this.#closed)
    this.#loaded = loaded
  }

  #close(error: SecondpassError): void {
    this.#closed ??= error
    clearTimeout(this.#idle)
    this.#end.abort(this.#closed)
    this.#loaded.client.close(this.#closed)
  }
}

/** On the same device, with less at a time; if that is gone for good, on the CPU. */
async function reload(options: ModelOptions, control: LoadControl, losses: number): Promise<LoadedModel> {
  try {
    return await loadModel(options, control, losses)
  } catch (error) {
    const gone = isLoss(error) || (error as SecondpassError).code === 'no_webgpu'
    const other = gone ? await loadOnCpu(options, control) : undefined
    if (!other) throw error
    return other
  }
}

/** The model on the CPU, if the caller left the choice of the device. */
function loadOnCpu(options: ModelOptions, control: LoadControl): Promise<LoadedModel> | undefined {
  return (options.device ?? 'auto') === 'auto' ? loadModel({ ...options, device: 'cpu' }, control) : undefined
}

function recovered(loaded: LoadedModel, { code, message }: SecondpassError): LoadedModel {
  loaded.info.recovered_from = { code, message }
  return loaded
}

/** A load that starts over on another device reports its first steps again; these are left out. */
function onlyForward(onProgress: (event: ProgressEvent) => void): (event: ProgressEvent) => void {
  const reported = new Map<string, number>()
  return (event) => {
    const key = `${event.stage} ${event.file ?? ''}`
    if (event.loaded < (reported.get(key) ?? 0)) return
    reported.set(key, event.loaded)
    onProgress(event)
  }
}
