// Workers with the same model, among which the documents of requests are shared out.
import { orAborted, untilAborted } from '../abort.js'
import { disposed, type SecondpassError } from '../errors.js'
import { machine } from '../node/thread.js'
import type { StepControl, Task, WorkerModelOptions } from '../protocol.js'
import type { RerankerInfo } from '../types.js'
import { helperOptions } from './loading.js'
import { isLoss, isSuspect, ModelWorker } from './model-worker.js'
import { poolSize } from './pool-size.js'
import { PooledRequest, type Portion } from './pooled-request.js'
import type { Packing, RequestControl, RequestKind } from './request-kind.js'

type AnyRequest = PooledRequest<unknown, unknown, { index: number }>

/** A portion that was being computed when its worker was lost is repeated so often; then it is taken for the cause. */
const REPEATS = 1

/** Estimated tokens after which the other task may have its turn: about a dozen passages. */
const TURN_TOKENS = 2048

/** How requests of several callers share the workers. */
export interface Turns {
  /** Whose a request is. */
  caller: object
  /** The most estimated tokens of a portion, after which another caller may have its turn. */
  mostTokens?: number
}

/**
 * One worker or, on the CPU, several, with a model for one task or for both. Each computes one portion of a request at a time. The
 * oldest request comes first, and the next begins as soon as it leaves a worker idle; several callers take turns. What a lost worker
 * was computing goes to another.
 */
export class Pool {
  /** What the model is used for. */
  readonly #tasks: Set<Task>
  readonly #workers: ModelWorker[] = []
  /** In the order in which they came. */
  readonly #requests = new Set<AnyRequest>()
  /** The query that a worker computed last. */
  readonly #queries = new WeakMap<ModelWorker, string>()
  /** Workers that are loading the model. */
  #joining = 0
  #limited: RerankerInfo['workers_limited']
  /** The worker that is asked when none is left. */
  #first!: ModelWorker
  #device: RerankerInfo['device'] | undefined
  /** When each caller had its last turn. */
  readonly #turns = new WeakMap<object, number>()
  #turn = 0
  /** Who waits until a worker can compute. */
  #waiting: (() => void)[] = []
  readonly #end = new AbortController()
  #closed: SecondpassError | undefined

  private constructor(
    readonly options: WorkerModelOptions,
    /** Called when workers have come or gone. */
    readonly onChange: () => void,
  ) {
    this.#tasks = new Set([options.task ?? 'rerank'])
  }

  /** Resolves with the first worker; with a number of workers, when all of them are there or have failed. */
  static async load(options: WorkerModelOptions, control: StepControl, onChange: () => void): Promise<Pool> {
    const pool = new Pool(options, onChange)
    pool.#first = await ModelWorker.load(options, pool.#tasks, control, () => pool.#changed())
    pool.#workers.push(pool.#first)
    const joined = pool.#fill(pool.#first)
    if (typeof options.workers !== 'number') return pool
    try {
      await untilAborted(joined, control.signal)
      return pool
    } catch (error) {
      pool.close(disposed())
      throw error
    }
  }

  /**
   * Loads the model for its other task too, into a worker that has it, and then into the others; false if that needs a trunk of its
   * own, or costs workers.
   */
  async add(task: Task, control: StepControl): Promise<boolean> {
    for (let losses = 0; ; losses++) {
      try {
        const lead = await this.#ready()
        control.signal?.throwIfAborted()
        if (!(await lead.add(task, control))) return false
        control.signal?.throwIfAborted()
        this.#first = lead
        break
      } catch (error) {
        if (this.#closed || !isLoss(error)) throw error
        this.#changed()
        if (losses === REPEATS) return false
      }
    }
    this.#tasks.add(task)
    const all = this.#complete()
    if (typeof this.options.workers === 'number') await untilAborted(all, control.signal)
    return true
  }

  /** A task is not needed any more, and what was asked of it is not awaited. */
  leave(task: Task): void {
    if (this.#tasks.size > 1) this.#tasks.delete(task)
    for (const request of this.#requests) if (request.kind.type === task) request.leave(disposed())
  }

  /** What is loaded for a task, and what it runs on. */
  info(task: Task): RerankerInfo {
    const infos = this.#workers.map((worker) => worker.info(task))
    const recovered = infos.find(({ recovered_from }) => recovered_from)
    const lead = this.#workers.find((worker) => worker.has(task)) ?? this.#first
    return {
      ...lead.info(task),
      ...(recovered && { recovered_from: recovered.recovered_from }),
      ...(infos.length > 0 && { wasm_bytes: infos.reduce((sum, { wasm_bytes }) => sum + wasm_bytes, 0) }),
      workers: this.#workers.filter(({ isReady }) => isReady).length,
      ...(this.#limited && { workers_limited: this.#limited }),
    }
  }

  /** Why it is closed. */
  get closedBy(): SecondpassError | undefined {
    return this.#closed
  }

  /** Computes a request that is packed. */
  async compute<Request, Response, Result extends { index: number }>(
    kind: RequestKind<Request, Response, Result>,
    packing: Packing,
    control: RequestControl<Result>,
    { caller, mostTokens }: Turns,
  ): Promise<Response> {
    control.signal?.throwIfAborted()
    if (this.#closed) throw this.#closed
    const most = this.#tasks.size > 1 ? TURN_TOKENS : undefined
    const pooled = new PooledRequest(kind, packing, control, this.#workers.length + this.#joining, caller, mostTokens ?? most)
    this.#requests.add(pooled as unknown as AnyRequest)
    this.#deal()
    try {
      return await orAborted(control.signal, pooled.response)
    } finally {
      this.#requests.delete(pooled as unknown as AnyRequest)
    }
  }

  /** Starts the workers that are missing. They load from what the first one has stored, with its compiled module. */
  async #fill(lead: ModelWorker): Promise<void> {
    const info = lead.info()
    const { count, limited } = poolSize(this.options.workers, info, machine())
    this.#device = info.device
    this.#limited = limited
    const missing = count - this.#workers.length - this.#joining
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#join()))
  }

  async #join(): Promise<void> {
    this.#joining++
    try {
      const worker = await ModelWorker.load(helperOptions(this.options), this.#tasks, { signal: this.#end.signal }, () => this.#changed())
      if (this.#closed) worker.close(this.#closed)
      else this.#workers.push(worker)
    } catch (error) {
      this.#limited = { by: 'load', message: `A further worker could not load the model: ${(error as Error).message}` }
    }
    this.#joining--
    this.#changed()
  }

  /** A worker that has the model, as soon as there is one. */
  async #ready(): Promise<ModelWorker> {
    for (;;) {
      if (this.#closed) throw this.#closed
      const ready = this.#workers.find(({ isReady }) => isReady)
      if (ready) return ready
      for (const worker of this.#workers) worker.restart()
      await new Promise<void>((done) => this.#waiting.push(done))
    }
  }

  /** Workers that had the model before it had a task get that too. */
  async #complete(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.complete()))
  }

  /** A worker can compute, or is closed. */
  #changed(): void {
    for (const done of this.#waiting.splice(0)) done()
    if (this.#closed) return
    this.#update()
    this.onChange()
  }

  #update(): void {
    const ended = this.#workers.filter(({ closed }) => closed)
    for (const worker of ended) this.#workers.splice(this.#workers.indexOf(worker), 1)
    const [lead] = this.#workers
    if (!lead && this.#joining === 0) return this.close(this.#first.closed as SecondpassError)
    // A model that had to leave its GPU can use the cores.
    if (lead && lead.info().device !== this.#device) void this.#fill(lead)
    void this.#complete()
    this.#deal()
  }

  /** Gives idle workers what there is to compute. */
  #deal(): void {
    if (this.#closed) return
    for (;;) {
      const request = this.#next()
      // One that is alone is started again when it is needed: a request may be what it cannot bear.
      if (request || this.#workers.length > 1) for (const worker of this.#workers) worker.restart()
      const worker = request && this.#idleFor(request)
      if (!worker) return
      this.#turns.set(request.caller, ++this.#turn)
      void this.#computePortion(worker, request)
    }
  }

  /** The oldest of the requests that wait, of the caller whose turn was the longest ago. */
  #next(): AnyRequest | undefined {
    const last = ({ caller }: AnyRequest) => this.#turns.get(caller) ?? 0
    let next: AnyRequest | undefined
    for (const request of this.#requests) if (request.isWaiting && (!next || last(request) < last(next))) next = request
    return next
  }

  /** A worker that has the request's query already, or any. */
  #idleFor({ query, kind }: AnyRequest): ModelWorker | undefined {
    const idle = this.#workers.filter((worker) => worker.isIdle && worker.has(kind.type))
    return idle.find((worker) => this.#queries.get(worker) === query) ?? idle[0]
  }

  async #computePortion(worker: ModelWorker, request: AnyRequest): Promise<void> {
    const portion = request.take(this.#workers.indexOf(worker), this.#workers.length + this.#joining)
    this.#queries.set(worker, request.query)
    try {
      request.answered(portion, await worker.compute(request.message(portion), request.signal, (result) => request.report(portion, result)))
    } catch (error) {
      this.#failed(worker, request, portion, error)
    }
    this.#deal()
  }

  #failed(worker: ModelWorker, request: AnyRequest, portion: Portion, error: unknown): void {
    if (this.#closed || !isLoss(error)) return request.refused(portion, error)
    this.#queries.delete(worker)
    if (isSuspect(error)) portion.losses++
    if (portion.losses > REPEATS && !worker.mayMoveToCpu(error)) return request.failed(error)
    request.giveBack(portion)
  }

  /** Ends all workers, and what was asked of them. */
  close(error: SecondpassError): void {
    if (this.#closed) return
    this.#closed = error
    this.#end.abort(error)
    for (const worker of this.#workers) worker.close(error)
    for (const request of this.#requests) request.end(error)
    for (const done of this.#waiting.splice(0)) done()
    this.onChange()
  }
}
