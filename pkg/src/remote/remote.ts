// `rerank()` against a server.
import type { Picture } from '../content/types.js'
import { type ErrorCode, SecondpassError } from '../errors.js'
import { readText } from '../read-text.js'
import type { RerankControl, RerankerInfo, RerankRequest, RerankResponse } from '../types.js'
import { toDataUrl } from './data-url.js'
import { errorMessageOf, formatRequest, parseResponse, type RemoteFormat } from './wire.js'

/** Options of `Reranker.remote`. */
export interface RemoteOptions {
  /** The full address, such as `https://example.org/v1/rerank`. */
  url: string | URL
  /** Sent as `Authorization: Bearer …`. A key in a page can be read by everyone who opens the page. */
  apiKey?: string
  /** The model's name, where the server wants one. */
  model?: string
  /** The format of the server's requests. Default `rerank`, that of most. */
  format?: RemoteFormat
  /** Further headers, or a function that is called for each request, for a token that expires. */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>)
  /** Used instead of the global `fetch` for requests to the server; pictures are not fetched with it. */
  fetch?: typeof fetch
  /** How often a request is sent again after 408, 429, 502, 503, 504 or a broken connection. Default 2. */
  maxRetries?: number
  /** The longest wait before sending again; if a server asks for a longer one, the request fails at once. Default 30,000. */
  maxRetryWaitMs?: number
}

const MAX_RETRIES = 2
const MAX_WAIT_MS = 30_000
/** Doubled at each further attempt, where the server does not name a wait. */
const FIRST_WAIT_MS = 500
/** vLLM echoes documents, pictures included, so an answer may be as large as a request. */
const MAX_ANSWER_BYTES = 64 << 20
const RETRIED = new Set([408, 429, 502, 503, 504])

/** A model on a server; `Reranker.remote` wraps it. */
export class Remote {
  readonly #options: RemoteOptions
  readonly #running = new Set<AbortController>()
  #closed: SecondpassError | undefined
  /** What is known of the model. */
  readonly info: RerankerInfo

  constructor(options: RemoteOptions) {
    this.#options = options
    const { model = '', format, url } = options
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
    this.info = { ...constant, model, vision: format !== 'tei', url: String(url) }
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
    const { model, format = 'rerank' } = this.#options
    // The caller's own `fetch` may add a token, which is for the server and not for the hosts of pictures.
    const encode = (picture: Picture) => toDataUrl(picture, (input, init) => globalThis.fetch(input, init), signal)
    const body = JSON.stringify(await formatRequest(request, model, format, encode))
    const answer = parseJson(await this.#send(body, signal))
    const response = parseResponse(answer, request, model ?? '', performance.now() - start)
    const failed = response.meta.failed?.[0]
    if (strict && failed) throw new SecondpassError(failed.code, 400, failed.message)
    for (const { index, relevance_score } of response.results) onResult?.({ index, relevance_score })
    return response
  }

  // Not called as a method: the browser's own fetch checks its `this`.
  readonly #fetch: typeof fetch = (input, init) => {
    const fetcher = this.#options.fetch ?? globalThis.fetch
    return fetcher(input, init)
  }

  async #send(body: string, signal: AbortSignal): Promise<string> {
    const { maxRetries = MAX_RETRIES, maxRetryWaitMs = MAX_WAIT_MS } = this.#options
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#attempt(body, signal)
      if (typeof outcome === 'string') return outcome
      const wait = outcome.wait ?? FIRST_WAIT_MS * 2 ** attempt * (0.75 + Math.random() / 2)
      if (!outcome.retry || attempt >= maxRetries || wait > maxRetryWaitMs) throw outcome.error
      await sleep(wait, signal)
    }
  }

  async #attempt(body: string, signal: AbortSignal): Promise<string | FailedAttempt> {
    const headers = await this.#headers()
    try {
      const response = await this.#fetch(this.#options.url, { method: 'POST', headers, body, signal })
      const text = await readText(response, MAX_ANSWER_BYTES)
      if (!response.ok) return refusal(response, text ?? '')
      if (text === undefined) throw tooLong()
      return text
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (error instanceof SecondpassError) throw error
      const why = `${(error as Error).message}; a page is let in by CORS alone`
      return { error: new SecondpassError('network', 502, `The server ${this.#options.url} could not be reached (${why}).`), retry: true }
    }
  }

  async #headers(): Promise<Headers> {
    const { apiKey, headers } = this.#options
    const given = typeof headers === 'function' ? await headers() : headers
    const all = new Headers({ 'content-type': 'application/json', accept: 'application/json' })
    if (apiKey !== undefined) all.set('authorization', `Bearer ${apiKey}`)
    // `set` is case-insensitive: two spellings of a name would otherwise be sent as a list.
    for (const [name, value] of Object.entries(given ?? {})) all.set(name, value)
    return all
  }
}

interface FailedAttempt {
  error: SecondpassError
  /** Whether another attempt may succeed. */
  retry: boolean
  /** How many milliseconds the server asks to wait. */
  wait?: number
}

const tooLong = () => new SecondpassError('bad_response', 502, `The server’s answer is longer than ${MAX_ANSWER_BYTES} bytes.`)

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SecondpassError('bad_response', 502, 'The server’s answer is no JSON. Is the address that of its rerank route?')
  }
}

function refusal(response: Response, text: string): FailedAttempt {
  const wait = retryAfter(response.headers.get('retry-after'))
  const message = errorMessageOf(text)
  const asks = wait === undefined ? '' : ` It asks to wait ${Math.ceil(wait / 1000)} s.`
  const error = new SecondpassError(codeOf(response.status), response.status, `The server answered ${response.status}${message && `: ${message}`}.${asks}`)
  return { error, retry: RETRIED.has(response.status), ...(wait !== undefined && { wait }) }
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 404 || status === 405) return 'not_found'
  if (status === 429) return 'rate_limited'
  return status >= 500 || status === 408 ? 'server_error' : 'invalid_request'
}

/** Seconds or a date, in milliseconds from now. */
function retryAfter(header: string | null): number | undefined {
  if (header === null || header.trim() === '') return undefined
  const wait = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal.addEventListener('abort', stop, { once: true })
  })
}
