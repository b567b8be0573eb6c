// `rerank()` against a server.
import { printable } from '../content/addresses.js'
import type { Picture } from '../content/types.js'
import { SecondpassError, unreadable } from '../errors.js'
import type { RerankControl, RerankerInfo, RerankRequest, RerankResponse } from '../types.js'
import { parseResponse } from './answer.js'
import { toDataUrl } from './data-url.js'
import { checkRemoteOptions, type RemoteOptions } from './options.js'
import { send } from './send.js'
import { parseJson } from './unusable.js'
import { type FormattedRequest, formatRequest } from './wire.js'

/** A model on a server; `Reranker.remote` wraps it. */
export class Remote {
  readonly #options: RemoteOptions
  readonly #url: string
  readonly #running = new Set<AbortController>()
  #closed: SecondpassError | undefined
  /** What is known of the model. */
  readonly info: RerankerInfo

  constructor(options: RemoteOptions) {
    this.#url = checkRemoteOptions(options)
    this.#options = options
    const { model = '', format } = options
    const constant = {
      family: 'remote',
      device: 'remote',
      adapter: null,
      dtype: 'remote',
      weight_bytes: 0,
      wasm_bytes: 0,
      workers: 0,
      kernels: null,
      storage: 'remote',
    } as const
    this.info = { ...constant, model, vision: format !== 'tei', url: printable(this.#url) }
  }

  /** Scores documents against a query. */
  async rerank(request: RerankRequest, control: RerankControl = {}): Promise<RerankResponse> {
    const { signal } = control
    signal?.throwIfAborted()
    if (this.#closed) throw this.#closed
    // AbortSignal.any is younger than some browsers that cannot run a model, and so need a server.
    const controller = new AbortController()
    const stop = () => controller.abort(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    this.#running.add(controller)
    try {
      return await this.#ask(request, control, controller.signal)
    } finally {
      this.#running.delete(controller)
      signal?.removeEventListener('abort', stop)
    }
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** Aborts the requests that are running. */
  dispose(): void {
    this.#closed = new SecondpassError('disposed', 409, 'The reranker was disposed of.')
    for (const controller of this.#running) controller.abort(this.#closed)
  }

  async #ask(request: RerankRequest, { onResult, strict }: RerankControl, signal: AbortSignal): Promise<RerankResponse> {
    const start = performance.now()
    const { body, documents, asked } = await this.#format(request, signal)
    const answer = parseJson(await send(this.#url, body, this.#options, signal), 'rerank')
    const response = parseResponse(answer, documents, asked, this.#options.model ?? '', performance.now() - start)
    const failed = response.meta.failed?.[0]
    if (strict && failed) throw new SecondpassError(failed.code, 400, failed.message)
    // An abort by the callback ends the callbacks, as in the page.
    for (const { index, relevance_score } of response.results) if (!signal.aborted) onResult?.({ index, relevance_score })
    signal.throwIfAborted()
    return response
  }

  async #format(request: RerankRequest, signal: AbortSignal): Promise<Omit<FormattedRequest, 'body'> & { body: string }> {
    const { model, format = 'rerank' } = this.#options
    // The caller's own `fetch` may add a token, which is for the server and not for the hosts of pictures.
    const encode = (picture: Picture) => toDataUrl(picture, (input, init) => globalThis.fetch(input, init), signal)
    try {
      const { body, ...rest } = await formatRequest(request, model, format, encode)
      return { ...rest, body: JSON.stringify(body) }
    } catch (error) {
      throw signal.aborted ? signal.reason : unreadable(error)
    }
  }
}
