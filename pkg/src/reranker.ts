import { absolute, detach, rasterize } from './attachments.js'
import { Client } from './client.js'
import { SecondpassError } from './errors.js'
import type { FromWorker, Picked, ToWorker } from './protocol.js'
import type { LoadControl, LoadOptions, RerankControl, RerankRequest, RerankResponse, RerankResult, RerankerInfo } from './types.js'

/** A worker that is asked to stop a load is given so long, in milliseconds, to close its files before it is ended. */
const ABORT_GRACE_MS = 50

/**
 * A model in a worker of its own. The page stays responsive while it loads and computes.
 *
 * ```ts
 * const reranker = await Reranker.load({ model: '/models/Qwen3-Reranker-0.6B/' })
 * const { results } = await reranker.rerank({ query, documents })
 * ```
 */
export class Reranker {
  readonly #client: Client
  #info!: RerankerInfo

  private constructor(client: Client) {
    this.#client = client
  }

  /** Starts a worker and loads a model into it. */
  static async load(options: LoadOptions, { signal, onProgress }: LoadControl = {}): Promise<Reranker> {
    signal?.throwIfAborted()
    const reranker = new Reranker(new Client(options))
    try {
      const { json, picked } = engineOptions(options)
      reranker.#info = await orAborted(signal, reranker.#client.call<RerankerInfo>(
        (id) => ({ type: 'load', id, options: json, picked, wasm: reranker.#client.wasm }),
        signal,
        (message) => {
          if (message.type === 'progress') onProgress?.(message.event)
          if (message.type === 'persist') void persist()
        },
      ))
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
  async rerank(request: RerankRequest, { signal, onResult }: RerankControl = {}): Promise<RerankResponse> {
    signal?.throwIfAborted()
    const { body, attachments, transfer } = await detach(request)
    signal?.throwIfAborted()
    const json = await this.#client.call<string>(
      (id) => ({ type: 'rerank', id, body, attachments }),
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
      this.#client.post({ type: 'drawn', id: message.id, drawing: message.drawing, pixels })
    rasterize(message.bytes).then(answer, () => answer(null))
  }

  /** Stops the worker, which frees its memory and the device's. Calls still running are rejected with the code `disposed`. */
  dispose(): void {
    this.#client.close(new SecondpassError('disposed', 409, 'The reranker was disposed of.'))
  }

  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** What the engine is told, and the files that the user picked, which are not for JSON. */
export function engineOptions({ model, vision, integrity, ...options }: LoadOptions): { json: string; picked: Picked } {
  const picked: Picked = {}
  if (model instanceof Blob) picked.model = model
  if (vision instanceof Blob) picked.vision = vision
  const address = (file: string | URL | Blob | undefined) => (file === undefined || file instanceof Blob ? undefined : absolute(file))
  const json = JSON.stringify({
    model: address(model),
    vision: address(vision),
    device: options.device ?? 'auto',
    dtype: options.dtype ?? 'auto',
    maxImagePixels: options.maxImagePixels,
    applyOrientation: options.applyOrientation ?? false,
    savings: options.savings,
    cache: options.cache === false ? 'memory' : (options.cache ?? 'auto'),
    integrity: typeof integrity === 'string' ? { model: integrity } : integrity,
    revalidate: options.revalidate ?? false,
    download: options.download,
  })
  return { json, picked }
}

/** Rejects soon after an abort, also where the worker is too busy to hear of it. */
export function orAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const stop = () => setTimeout(() => reject(signal.reason), ABORT_GRACE_MS)
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** Asks the browser not to delete what is stored when it needs room. Only a page can ask, and only some browsers ask back. */
export async function persist(): Promise<void> {
  try {
    if (!(await navigator.storage.persisted())) await navigator.storage.persist()
  } catch {
    // What is stored is stored all the same.
  }
}

/** A server gives a bare string back as an object with its text, and everything else as it came. */
const asGiven = (document: RerankRequest['documents'][number] | undefined): Exclude<RerankResult['document'], undefined> =>
  typeof document === 'object' ? document : { text: document ?? '' }
