import { guarded } from './callbacks.js'
import { snapshot } from './content/request.js'
import type { EmbedControl, EmbedderInfo, EmbedderOptions, EmbedRequest, EmbedResponse } from './embed-types.js'
import { checkEmbedControl, checkLoadControl, checkLoadOptions, EMBEDDER_CHECKS } from './load-checks.js'
import { EMBED } from './page/embed-kind.js'
import { LoadProgress } from './page/progress.js'
import { RemoteEmbedder, type RemoteEmbedderOptions } from './remote/remote-embedder.js'
import { loadPool, type PoolOfTab } from './tabs/load-pool.js'
import type { LoadControl } from './types.js'

/**
 * An embedding model in a worker of its own, or on the CPU in several: texts and pictures to vectors, for a first search.
 *
 * ```ts
 * const embedder = await Embedder.load({ model: 'hf:sentence-transformers/all-MiniLM-L6-v2' })
 * const { data } = await embedder.embed({ input: ['a planet', 'a page'], input_type: 'document' })
 * ```
 */
export class Embedder {
  readonly #model: PoolOfTab | RemoteEmbedder

  private constructor(model: PoolOfTab | RemoteEmbedder) {
    this.#model = model
  }

  /** Starts a worker and loads a model into it; more workers may join later (`workers`). */
  static async load(options: EmbedderOptions, control: LoadControl = {}): Promise<Embedder> {
    checkLoadOptions(options, 'Embedder.load', EMBEDDER_CHECKS)
    checkLoadControl(control)
    const { signal, onProgress } = control
    signal?.throwIfAborted()
    const progress = onProgress && new LoadProgress('load', guarded(onProgress))
    const pool = await loadPool({ ...options, task: 'embed' }, { ...(signal && { signal }), ...(progress && { onProgress: progress.add }) })
    progress?.end()
    return new Embedder(pool)
  }

  /**
   * The same calls against a `/v1/embeddings` server: OpenAI, vLLM, TEI, Jina, llama.cpp, or a host.
   *
   * ```ts
   * const embedder = Embedder.remote({ url: 'https://example.org/v1/embeddings', model: 'Qwen/Qwen3-Embedding-0.6B' })
   * ```
   */
  static remote(options: RemoteEmbedderOptions): Embedder {
    return new Embedder(new RemoteEmbedder(options))
  }

  /** What is loaded, and what it runs on. */
  get info(): EmbedderInfo {
    return this.#model.info as unknown as EmbedderInfo
  }

  /** Whether it was disposed of, or its device or worker was lost for good. */
  get closed(): boolean {
    return this.#model.closed
  }

  /** The vectors of texts and pictures. The first argument is the body of `/v1/embeddings`. */
  async embed(request: EmbedRequest, control: EmbedControl = {}): Promise<EmbedResponse> {
    checkEmbedControl(control)
    const { signal, onResult, strict } = control
    signal?.throwIfAborted()
    const checked = { ...(signal && { signal }), ...(onResult && { onResult: guarded(onResult) }), ...(strict && { strict }) }
    const given = snapshot(request, 'input')
    return this.#model instanceof RemoteEmbedder ? this.#model.embed(given, checked) : this.#model.run(EMBED, given, checked)
  }

  /**
   * Stops the workers, which frees their memory and the device's, unless a reranker of the same files uses them too. Calls still
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
