// A model in a worker that may be lost, and is then loaded again.
import { type ErrorCode, SecondpassError, WorkerLostError } from '../errors.js'
import type { StepControl, Task, WorkerModelOptions } from '../protocol.js'
import type { RerankerInfo, Routing } from '../types.js'
import type { Client } from './client.js'
import { forgetKernels } from './kernels.js'
import { addTask, firstInfo, isStored, type LoadedModel, loadModel } from './loading.js'
import { type PortionMessage, sendPortion } from './request.js'
import { routed } from './routing.js'
import { afterFailure } from './weight-memory.js'

/**
 * Restarts in a row without one answered request, after which the reranker closes. Each loads the whole model, and a request
 * causes two at most: five requests in a row that all ended so say that no restart will help.
 */
const MAX_RESTARTS = 10
/** Memory that pictures may add to the module before the worker is replaced. A decoded photo of 12 megapixels stays below it. */
const MAX_PICTURE_BYTES = 256 * 2 ** 20
/** A worker is replaced only when nothing was asked of it for so long, in milliseconds: the next request has to wait for the load. */
const IDLE_MS = 500

/** Errors of the engine which say that the device is gone. */
const LOSSES = new Set<ErrorCode>(['device_lost', 'out_of_memory'])

/** Whether it says that the worker or its device is gone. */
export const isLoss = (error: unknown): error is SecondpassError =>
  error instanceof WorkerLostError || (error instanceof SecondpassError && LOSSES.has(error.code))

/** Whether what was asked may be the cause of a loss: it was being computed. */
export const isSuspect = (error: SecondpassError): boolean => !(error instanceof WorkerLostError) || error.suspect

/** The error for whatever waits behind that which failed. */
const blameless = ({ code, status, message }: SecondpassError) => new WorkerLostError(code, status, message)

/**
 * The model in its worker. If the worker crashes, another loads the model from what is stored. If the device is lost, it is first
 * opened again, with half the work at a time; then the CPU is used, if the caller left the choice.
 */
export class ModelWorker {
  #loaded!: LoadedModel
  /** How its device was chosen. */
  #routing: Routing | undefined
  #starting = false
  #working = false
  /** Why the worker is gone, if no other was started yet. */
  #lost: SecondpassError | undefined
  /** Restarts since the last answer, and how many of them followed the loss of a device. */
  #restarts = 0
  #losses = 0
  #idle: ReturnType<typeof setTimeout> | undefined
  /** Ends a restart that nobody waits for any more. */
  readonly #end = new AbortController()
  #closed: SecondpassError | undefined

  private constructor(
    public options: WorkerModelOptions,
    /** What it is loaded for, now and after each restart. */
    readonly tasks: ReadonlySet<Task>,
    /** Called when it can compute again, or never will. */
    readonly onChange: () => void,
  ) {}

  static async load(options: WorkerModelOptions, tasks: ReadonlySet<Task>, control: StepControl, onChange: () => void): Promise<ModelWorker> {
    const worker = new ModelWorker(options, tasks, onChange)
    const first = await loadModel(options, tasks, control).catch(async (error) => {
      if (!isLoss(error)) throw error
      // A kernel may be what the device cannot take: the second try is with the safe ones.
      forgetKernels()
      worker.options = afterFailure(options, error)
      return recovered(await worker.#reload(worker.options, control, 1), error)
    })
    const { loaded, routing } = await routed(first, worker.options, tasks, control)
    if (routing?.device === 'cpu') worker.options = { ...worker.options, device: 'cpu' }
    worker.#loaded = loaded
    worker.#routing = routing
    return worker
  }

  /** What is loaded for a task, or for whichever it was loaded for first. */
  info(task?: Task): RerankerInfo {
    const { client, infos, recovered } = this.#loaded
    const info = (task && infos.get(task)) ?? firstInfo(this.#loaded)
    const routing = this.#routing
    return { ...info, ...(recovered && { recovered_from: recovered }), ...(routing && { routing }), wasm_bytes: client.wasmBytes ?? info.wasm_bytes }
  }

  /** Whether it has the head for a task. */
  has(task: Task): boolean {
    return this.#loaded.infos.has(task)
  }

  /** Loads the model for another task too; false if that needs a trunk of its own. */
  async add(task: Task, control: StepControl): Promise<boolean> {
    const loaded = this.#loaded
    if (this.has(task)) {
      control.onProgress?.({ stage: 'compile', loaded: 1, total: 1 })
      return true
    }
    try {
      return await addTask(loaded, this.options, task, control)
    } catch (error) {
      if (isLoss(error) && this.#loaded === loaded && this.isReady) this.#lose(loaded.client, error)
      throw error
    }
  }

  /** Why it can no longer be used. */
  get closed(): SecondpassError | undefined {
    return this.#closed
  }

  /** Whether it has the model, as far as is known. */
  get isReady(): boolean {
    return !this.#starting && !this.#lost && !this.#closed
  }

  /** Gets what it lacks of its tasks. If that fails it is started again, with all of them. */
  async complete(): Promise<void> {
    for (const task of this.tasks) {
      if (!this.isReady || this.has(task)) continue
      const { client } = this.#loaded
      const added = await this.add(task, { signal: this.#end.signal }).catch(() => false)
      if (!added && this.isReady && client === this.#loaded.client) this.#lose(client, new WorkerLostError('internal', 500, 'A task could not be added.'))
      this.onChange()
    }
  }

  get isIdle(): boolean {
    return this.isReady && !this.#working
  }

  /** Whether it waits for `restart`. */
  get isLost(): boolean {
    return this.#lost !== undefined && !this.#starting && !this.#closed
  }

  /** Whether the same may succeed on another device after this error. */
  mayMoveToCpu({ code }: SecondpassError): boolean {
    return LOSSES.has(code) && this.info().device === 'webgpu' && (this.options.device ?? 'auto') === 'auto'
  }

  /** Computes one portion. After a loss it is ready again only after a restart. */
  async compute<Response>(message: Promise<PortionMessage>, signal: AbortSignal, onResult: (result: { index: number }) => void): Promise<Response> {
    clearTimeout(this.#idle)
    this.#working = true
    const { client } = this.#loaded
    try {
      const response = await sendPortion<Response>(client, await message, signal, onResult)
      this.#restarts = 0
      this.#losses = 0
      return response
    } catch (error) {
      if (isLoss(error) && !this.#closed) this.#lose(client, error)
      throw error
    } finally {
      this.#working = false
      this.#releaseMemory()
    }
  }

  /** Starts another worker in place of one that was lost. */
  restart(): void {
    const error = this.#lost
    if (error && this.isLost) void this.#startOnce(() => this.#restart(error))
  }

  close(error: SecondpassError): void {
    this.#closed ??= error
    clearTimeout(this.#idle)
    this.#end.abort(this.#closed)
    this.#loaded.client.close(this.#closed)
  }

  #lose(client: Client, error: SecondpassError): void {
    client.close(blameless(error))
    this.#lost = error
  }

  async #startOnce(start: () => Promise<void>): Promise<void> {
    this.#starting = true
    try {
      await start()
    } finally {
      this.#starting = false
      this.onChange()
    }
  }

  async #restart(error: SecondpassError): Promise<void> {
    this.#restarts++
    this.options = afterFailure(this.options, error)
    if (LOSSES.has(error.code)) this.#losses++
    try {
      if (this.#restarts > MAX_RESTARTS) throw error
      const control = { signal: this.#end.signal }
      const onCpu = this.#losses > 1 ? this.#loadOnCpu(this.options, control) : undefined
      // A crash says nothing of the device, so it is the same again.
      const options = this.#losses > 0 ? this.options : this.#optionsOfDevice()
      this.#use(recovered(await (onCpu ?? this.#reload(options, control, this.#losses)), error))
    } catch (failure) {
      this.close(failure instanceof SecondpassError ? failure : error)
    }
  }

  /** Wasm memory never shrinks: what large pictures took is given back by another worker, which loads the model from storage. */
  #releaseMemory(): void {
    const { client } = this.#loaded
    if (!this.isReady || client.closed || client.pictureBytes < MAX_PICTURE_BYTES || !isStored(this.info())) return
    this.#idle = setTimeout(() => void this.#startOnce(() => this.#replace()), IDLE_MS)
  }

  async #replace(): Promise<void> {
    const { client, recovered } = this.#loaded
    // First, since both at once might not fit.
    const gone = new WorkerLostError('internal', 500, 'The worker was replaced to give back its memory.')
    this.#lose(client, gone)
    try {
      const loaded = await loadModel(this.#optionsOfDevice(), this.tasks, { signal: this.#end.signal })
      this.#use({ ...loaded, recovered })
    } catch {
      // The next request finds it lost, and has it started again.
    }
  }

  /** To load on the device that the model runs on now; it may have moved to the CPU. */
  #optionsOfDevice(): WorkerModelOptions {
    return this.info().device === 'cpu' ? { ...this.options, device: 'cpu' } : this.options
  }

  #use(loaded: LoadedModel): void {
    if (this.#closed) loaded.client.close(this.#closed)
    this.#loaded = loaded
    this.#lost = undefined
  }

  /** On the same device, with less at a time; if that is gone for good, on the CPU. */
  async #reload(options: WorkerModelOptions, control: StepControl, losses: number): Promise<LoadedModel> {
    try {
      return await loadModel(options, this.tasks, control, losses)
    } catch (error) {
      const gone = isLoss(error) || (error as SecondpassError).code === 'no_webgpu'
      const other = gone ? await this.#loadOnCpu(options, control) : undefined
      if (!other) throw error
      return other
    }
  }

  /** The model on the CPU, if the caller left the choice of the device. */
  #loadOnCpu(options: WorkerModelOptions, control: StepControl): Promise<LoadedModel> | undefined {
    return (options.device ?? 'auto') === 'auto' ? loadModel({ ...options, device: 'cpu' }, this.tasks, control) : undefined
  }
}

const recovered = (loaded: LoadedModel, { code, message }: SecondpassError): LoadedModel => ({ ...loaded, recovered: { code, message } })
