import type { EmbedControl, EmbedderInfo, EmbedderOptions, EmbedRequest, EmbedResponse } from './embed-types.js'
import { EMBED } from './page/embed-kind.js'
import { Pool } from './page/pool.js'
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
  readonly #pool: Pool

  private constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Starts a worker and loads a model into it; more workers may join later (`workers`). */
  static async load(options: EmbedderOptions, control: LoadControl = {}): Promise<Embedder> {
    control.signal?.throwIfAborted()
    return new Embedder(await Pool.load({ ...options, task: 'embed' }, control))
  }

  /** What is loaded, and what it runs on. */
  get info(): EmbedderInfo {
    return this.#pool.info as unknown as EmbedderInfo
  }

  /** Whether it was disposed of, or its device or worker was lost for good. */
  get closed(): boolean {
    return this.#pool.closed
  }

  /** The vectors of texts and pictures. The first argument is the body of `/v1/embeddings`. */
  async embed(request: EmbedRequest, control: EmbedControl = {}): Promise<EmbedResponse> {
    control.signal?.throwIfAborted()
    return this.#pool.run(EMBED, request, control)
  }

  /** Stops the workers, which frees their memory and the device's. Calls still running are rejected with the code `disposed`. */
  dispose(): void {
    this.#pool.dispose()
  }

  /** For `using`: the same as `dispose`. */
  [Symbol.dispose](): void {
    this.dispose()
  }
}
