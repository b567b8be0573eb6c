// `/v1/rerank` as a function from request to response.
import { invalidRequest, messageOf, SecondpassError } from '../errors.js'
import { readText } from '../read-text.js'
import { controlOf, once, type RerankerSource } from '../reranker-like.js'
import { type Dialect, dialectOf, formatAnswer, formatError, parseBody } from './wire.js'

/** Options of {@link createRerankHandler}. */
export interface HandlerOptions {
  /** Origins whose pages may read the answers: all (`true`), or those listed. Default none. */
  cors?: boolean | string[]
  /** Longer bodies are refused with 413. Default 67,108,864, the limit of the model's own parser. */
  maxBodyBytes?: number
  /** With more documents a request is refused with 400. Default 1,000. */
  maxDocuments?: number
  /**
   * Whether a body may name pictures by address (`any`, the default), which are then fetched with the rights of the page or
   * server that handles the request, or must contain them (`data`). Choose `data` where strangers may send requests.
   */
  pictures?: 'any' | 'data'
}

/** Answers one `/v1/rerank` request; it never rejects. */
export type RerankHandler = (request: Request) => Promise<Response>

const MAX_BODY_BYTES = 64 << 20
const MAX_DOCUMENTS = 1000
/** nginx's status for a client that closed the request. */
const CLIENT_CLOSED = 499
const ALLOW = { allow: 'POST, OPTIONS' }
/** How long a browser may cache the answer to a preflight, in seconds. */
const PREFLIGHT_AGE = 86_400

/**
 * A handler for the `/v1/rerank` wire format: it reads the bodies of Cohere v1 and v2, Jina, vLLM, llama.cpp and TEI clients and
 * answers as they expect.
 *
 * ```ts
 * const handler = createRerankHandler(reranker)
 * const cohere = new CohereClient({ token: 'none', fetch: (input, init) => handler(new Request(input, init)) })
 * ```
 *
 * In a service worker see `installRerankRoute`.
 */
export function createRerankHandler(source: RerankerSource, options: HandlerOptions = {}): RerankHandler {
  if (source === undefined || source === null) throw invalidRequest('the reranker is missing; write createRerankHandler(reranker)')
  const ready = once(source)
  return async (request) => {
    const shared = corsHeaders(request, options.cors)
    if (request.method === 'OPTIONS') return preflight(request, shared)
    if (request.method !== 'POST') return failure(405, 'method_not_allowed', 'The rerank route takes POST.', { ...shared, ...ALLOW })
    let dialect: Dialect = 'rerank'
    try {
      const body = await readBody(request, options.maxBodyBytes ?? MAX_BODY_BYTES)
      dialect = dialectOf(body)
      const call = parseBody(body, options.pictures ?? 'any')
      checkCount(call.request.documents.length, options.maxDocuments ?? MAX_DOCUMENTS)
      const reranker = await ready(request.signal)
      return json(200, formatAnswer(await reranker.rerank(call.request, controlOf(request.signal)), call), shared)
    } catch (error) {
      return failed(error, request, shared, dialect)
    }
  }
}

async function readBody(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.headers.get('content-type')
  // `fetch(url, { body: JSON.stringify(…) })` sends text/plain.
  if (type && !/^\s*(application\/([\w.-]+\+)?json|text\/plain)\b/i.test(type)) {
    throw new SecondpassError('invalid_request', 415, 'The content type must be application/json.')
  }
  const text = await readText(request, maxBytes)
  if (text === undefined) throw new SecondpassError('invalid_request', 413, `The body is longer than ${maxBytes} bytes.`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new SecondpassError('invalid_request', 400, `invalid request: the body is no valid JSON (${messageOf(error)})`)
  }
}

function checkCount(count: number, max: number): void {
  if (count <= max) return
  throw new SecondpassError('invalid_request', 400, `invalid request: ${count} documents were given; at most ${max} are scored in one call`)
}

function failed(error: unknown, request: Request, shared: Record<string, string>, dialect: Dialect): Response {
  if (request.signal.aborted) return failure(CLIENT_CLOSED, 'aborted', 'The client closed the request.', shared, dialect)
  // Checked by shape: a custom reranker, or another copy of this package, has another class of errors.
  const { code, status } = Object(error) as Partial<SecondpassError>
  const known = Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599
  return failure(known ? (status as number) : 500, known && typeof code === 'string' ? code : 'internal', messageOf(error), shared, dialect)
}

const failure = (status: number, code: string, message: string, headers: Record<string, string>, dialect?: Dialect) =>
  json(status, formatError(status, code, message, dialect), headers)

const json = (status: number, body: unknown, headers: Record<string, string>) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers } })

function corsHeaders(request: Request, cors: HandlerOptions['cors']): Record<string, string> {
  if (!cors) return {}
  if (cors === true) return { 'access-control-allow-origin': '*' }
  const origin = request.headers.get('origin')
  return { vary: 'origin', ...(origin !== null && cors.includes(origin) && { 'access-control-allow-origin': origin }) }
}

function preflight(request: Request, shared: Record<string, string>): Response {
  const headers: Record<string, string> = { ...shared, ...ALLOW }
  if (shared['access-control-allow-origin']) {
    headers['access-control-allow-methods'] = 'POST'
    headers['access-control-allow-headers'] = request.headers.get('access-control-request-headers') ?? 'authorization, content-type'
    headers['access-control-max-age'] = String(PREFLIGHT_AGE)
  }
  return new Response(null, { status: 204, headers })
}
