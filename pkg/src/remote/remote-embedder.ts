// `embed()` against a server.
import { printable } from '../content/addresses.js'
import type { Picture } from '../content/types.js'
import type { EmbedControl, EmbedderInfo, EmbedRequest, EmbedResponse } from '../embed-types.js'
import { SecondpassError, unreadable } from '../errors.js'
import { toDataUrl } from './data-url.js'
import { parseEmbeddings } from './embeddings-answer.js'
import { type EmbeddingsFormat, formatInputs, isEmbeddingsFormat } from './embeddings-wire.js'
import { checkRemoteOptions, type RemoteOptions } from './options.js'
import { send } from './send.js'
import { parseJson } from './unusable.js'

/** Options of `Embedder.remote`. */
export interface RemoteEmbedderOptions extends Omit<RemoteOptions, 'format'> {
  /** The format of the server's requests and answers. Default `openai`, that of most. */
  format?: EmbeddingsFormat
}

/** An embedding model on a server; `Embedder.remote` wraps it. */
export class RemoteEmbedder {
  readonly #options: RemoteEmbedderOptions
  readonly #url: string
  readonly #running = new Set<AbortController>()
  #closed: SecondpassError | undefined
  #dimensions = 0

  constructor(options: RemoteEmbedderOptions) {
    this.#url = checkRemoteOptions(options, 'Embedder.remote', 'https://example.org/v1/embeddings', isEmbeddingsFormat)
    this.#options = options
  }

  /** What is known of the model. Its dimensions are, after the first answer. */
  get info(): EmbedderInfo {
    const { model = '' } = this.#options
    const url = printable(this.#url)
    return {
      model,
      url,
      identity: `${url} ${model}`.trim(),
      dimensions: this.#dimensions,
      normalized: false,
      family: 'remote',
      vision: true,
      device: 'remote',
      adapter: null,
      dtype: 'remote',
      weight_bytes: 0,
      wasm_bytes: 0,
      workers: 0,
      kernels: null,
      storage: 'remote',
    }
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** Aborts the requests that are running. */
  dispose(): void {
    this.#closed = new SecondpassError('disposed', 409, 'The embedder was disposed of.')
    for (const controller of this.#running) controller.abort(this.#closed)
  }

  /** The vectors of texts and pictures. */
  async embed(request: EmbedRequest, { signal, onResult }: EmbedControl): Promise<EmbedResponse> {
    if (this.#closed) throw this.#closed
    const controller = new AbortController()
    const stop = () => controller.abort(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    this.#running.add(controller)
    try {
      const response = await this.#ask(request, controller.signal)
      for (const { index, embedding } of response.data) {
        if (Array.isArray(embedding) && !controller.signal.aborted) onResult?.({ index, embedding: Float32Array.from(embedding) })
      }
      controller.signal.throwIfAborted()
      return response
    } finally {
      this.#running.delete(controller)
      signal?.removeEventListener('abort', stop)
    }
  }

  async #ask(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResponse> {
    const start = performance.now()
    const { body, inputs } = await this.#format(request, signal)
    const answer = parseJson(await send(this.#url, body, this.#options, signal), 'embeddings')
    const response = parseEmbeddings(answer, inputs, request.encoding_format ?? 'float', this.#options.model ?? '', performance.now() - start)
    const first = response.data[0]?.embedding
    if (Array.isArray(first) && (request.encoding_format ?? 'float') === 'float') this.#dimensions = first.length
    return response
  }

  async #format(request: EmbedRequest, signal: AbortSignal): Promise<{ body: string; inputs: number }> {
    const { model, format = 'openai' } = this.#options
    const encode = (picture: Picture) => toDataUrl(picture, (input, init) => globalThis.fetch(input, init), signal)
    try {
      const { body, inputs } = await formatInputs(request, model, format, encode)
      return { body: JSON.stringify(body), inputs }
    } catch (error) {
      throw signal.aborted ? signal.reason : unreadable(error)
    }
  }
}
