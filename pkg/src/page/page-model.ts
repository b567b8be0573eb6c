// The models of this page: a reranker and an embedder of the same files, loaded in the same way, have one trunk in the same workers.
import { orAborted } from '../abort.js'
import { disposed } from '../errors.js'
import { numbered } from '../model-key.js'
import type { ProgressStep, StepControl, Task, WorkerModelOptions } from '../protocol.js'
import { folderOf } from './client.js'
import { identityOf } from './loading.js'
import { Pool } from './pool.js'
import { PoolPart } from './pool-part.js'
import { checkWorkers } from './pool-size.js'

const TASKS: readonly Task[] = ['rerank', 'embed']

/** Those that are used or being loaded. */
const models = new Set<PageModel>()

/** Loads a model for a task, beside the other task where that is possible. */
export async function loadPart(options: WorkerModelOptions, control: StepControl, onChange: () => void = () => {}): Promise<PoolPart> {
  checkWorkers(options.workers)
  const { task = 'rerank' } = options
  const key = keyOf(options)
  for (;;) {
    const known = [...models].find((model) => model.key === key && model.isFree(task))
    const part = await (known ?? new PageModel(key, options)).use(task, control, onChange, !known)
    if (part) return part
  }
}

/** Equal for loads that may have one trunk, if it serves both tasks. */
function keyOf(options: WorkerModelOptions): string {
  const { model, vision, worker, wasmUrl, cache } = options
  const picked = [model, vision].map((file) => file instanceof Blob && numbered(file))
  return JSON.stringify([identityOf({ ...options, task: 'rerank' }), picked, numbered(worker), wasmUrl, folderOf(cache)])
}

/** One model, with at most one user of each task. */
class PageModel {
  readonly #users = new Map<Task, () => void>()
  /** Who hears of the load. */
  readonly #listeners = new Set<(step: ProgressStep) => void>()
  readonly #stop = new AbortController()
  readonly #loading: Promise<Pool>
  #pool: Pool | undefined
  /** Whether its files have another trunk for the other task. */
  #isApart = false

  constructor(
    readonly key: string,
    options: WorkerModelOptions,
  ) {
    const onProgress = (step: ProgressStep) => {
      for (const listener of this.#listeners) listener(step)
    }
    models.add(this)
    this.#loading = Pool.load(options, { signal: this.#stop.signal, onProgress }, () => this.#changed()).then((pool) => {
      // Everybody may have left meanwhile.
      if (this.#users.size === 0) pool.close(disposed())
      return (this.#pool = pool)
    })
    this.#loading.catch(() => models.delete(this))
  }

  /** Whether nobody uses it for a task for which it may serve. */
  isFree(task: Task): boolean {
    return !this.#isApart && !this.#users.has(task)
  }

  /** Begins to use it. Undefined where it does not serve: its load has failed, or it has another trunk for this task. */
  async use(task: Task, { signal, onProgress }: StepControl, onChange: () => void, isFirst: boolean): Promise<PoolPart | undefined> {
    this.#users.set(task, onChange)
    const onAbort = () => this.#leave(task, signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    // Its own warm-up is still to come.
    const listener = (step: ProgressStep) => (isFirst || step.stage !== 'compile') && onProgress?.(step)
    this.#listeners.add(listener)
    try {
      const pool = await orAborted(signal, this.#loading)
      const control = { ...(signal && { signal }), ...(onProgress && { onProgress }) }
      if (isFirst || (await orAborted(signal, pool.add(task, control)))) {
        signal?.throwIfAborted()
        // Who began the load may have left before there was a pool to leave.
        for (const other of TASKS) if (!this.#users.has(other)) pool.leave(other)
        return new PoolPart(pool, task, () => this.#leave(task))
      }
      this.#isApart = true
    } catch (error) {
      const isOver = !this.#pool || this.#pool.closedBy !== undefined
      this.#leave(task)
      if (isFirst || signal?.aborted || !isOver) throw error
      return undefined
    } finally {
      this.#listeners.delete(listener)
      signal?.removeEventListener('abort', onAbort)
    }
    this.#leave(task)
    return undefined
  }

  /** The last user ends it. */
  #leave(task: Task, reason: unknown = disposed()): void {
    if (!this.#users.delete(task)) return
    if (this.#users.size > 0) return this.#pool?.leave(task)
    models.delete(this)
    this.#stop.abort(reason)
    this.#pool?.close(disposed())
  }

  #changed(): void {
    if (this.#pool?.closedBy) models.delete(this)
    for (const onChange of [...this.#users.values()]) onChange()
  }
}
