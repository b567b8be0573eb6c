/// <reference lib="esnext.disposable" preserve="true" />
import { guarded } from './callbacks.js'
import { snapshot } from './content/request.js'
import { type ErrorCode, invalidRequest, SecondpassError } from './errors.js'
import { checkLoadControl, checkLoadOptions, checkRerankControl } from './load-checks.js'
import { LoadProgress } from './page/progress.js'
import { RERANK } from './page/rerank-kind.js'
import type { RemoteOptions } from './remote/options.js'
import { Remote } from './remote/remote.js'
import { type ScoreControl, type ScoreRequest, type ScoreResponse, scorePairs } from './score.js'
import { loadPool, type PoolOfTab } from './tabs/load-pool.js'
import type { LoadControl, ModelOptions, RerankControl, RerankerInfo, RerankRequest, RerankResponse } from './types.js'

/** Which model to load, and how. */
export interface LoadOptions extends ModelOptions {
  /**
   * Used where the device cannot run the model (no WebGPU, too little memory, no worker, an unknown kind of model): another
   * reranker, often `Reranker.remote(…)`, or a function that makes one or throws. `info.fallback_for` then says so. A missing
   * file, a broken network or a crash of the engine is no reason for it.
   */
  fallback?: Reranker | ((error: SecondpassError) => Reranker | Promise<Reranker>)
}

/**
 * A model in a worker of its own, or on the CPU in several. The page stays responsive while it loads and computes.
 *
 * ```ts
 * const reranker = await Reranker.load({ model: '/models/Qwen3-Reranker-0.6B/' })
 * const { results } = await reranker.rerank({ query, documents })
 * ```
 */
export class Reranker {
  readonly #model: PoolOfTab | Remote
  #fallbackFor: RerankerInfo['fallback_for']

  private constructor(model: PoolOfTab | Remote) {
    this.#model = model
  }

  /** Starts a worker and loads a model into it; more workers may join later (`workers`). With `fallback`, a device that cannot run the model gets that instead. */
  static async load(options: LoadOptions, control: LoadControl = {}): Promise<Reranker> {
    checkLoadOptions(options, 'Reranker.load')
    checkLoadControl(control)
    const { signal, onProgress } = control
    signal?.throwIfAborted()
    const progress = onProgress && new LoadProgress('load', guarded(onProgress))
    try {
      const model = await loadPool(options, { ...(signal && { signal }), ...(progress && { onProgress: progress.add }) })
      progress?.end()
      return new Reranker(model)
    } catch (error) {
      const { fallback } = options
      if (!fallback || !isOfDevice(error)) throw error
      const other = typeof fallback === 'function' ? await fallback(error) : fallback
      if (!(other instanceof Reranker)) throw invalidRequest('fallback must be a Reranker, or a function that returns one')
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

  /** What is loaded, and what it runs on. */
  get info(): RerankerInfo {
    const { info } = this.#model
    return this.#fallbackFor ? { ...info, fallback_for: this.#fallbackFor } : info
  }

  /** Whether it was disposed of, or its device or worker was lost for good. */
  get closed(): boolean {
    return this.#model.closed
  }

  /** Scores documents against a query. The first argument is the body of `/v1/rerank`. */
  async rerank(request: RerankRequest, control: RerankControl = {}): Promise<RerankResponse> {
    checkRerankControl(control)
    const { signal, onResult, strict } = control
    signal?.throwIfAborted()
    const checked = { ...(signal && { signal }), ...(onResult && { onResult: guarded(onResult) }), ...(strict && { strict }) }
    const given = snapshot(request, 'documents')
    return this.#model instanceof Remote ? this.#model.rerank(given, checked) : this.#model.run(RERANK, given, checked)
  }

  /**
   * Scores pairs, as vLLM's `/score` does: one query (`text_1`) with many documents (`text_2`), or as many queries as documents. The
   * scores come in the order of the pairs.
   */
  async score(request: ScoreRequest, control: ScoreControl = {}): Promise<ScoreResponse> {
    checkRerankControl(control)
    const { onResult, ...rest } = control
    return scorePairs(this, request, { ...rest, ...(onResult && { onResult: guarded(onResult) }) })
  }

  /**
   * Stops the workers, which frees their memory and the device's, unless an embedder of the same files uses them too. Calls still
   * running are rejected with the code `disposed`. A model that tabs share (`shared`) is left by this one alone: its own calls are
   * rejected, the others go on, and the workers end, in whichever tab they are, when none uses them any more. Two that one tab has
   * loaded with `shared` count as two.
   */
  dispose(): void {
    this.#model.dispose()
  }

  /** For `using`: the same as `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Reasons of this device, which another may not have. */
const DEVICE_REASONS = new Set<ErrorCode>([
  'no_webgpu',
  'out_of_memory',
  'device_lost',
  'worker_failed',
  'unsupported_model',
  'model_too_large',
  'unsupported_dtype',
])

const isOfDevice = (error: unknown): error is SecondpassError => error instanceof SecondpassError && DEVICE_REASONS.has(error.code)
