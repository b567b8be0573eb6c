// What the routes of this package have in common: methods, CORS, bodies and errors.
import { messageOf, SecondpassError } from '../errors.js'
import { readText } from '../read-text.js'
import { type Dialect, formatError } from './wire.js'

/** Options of all handlers. */
export interface RouteHandlerOptions {
  /** Origins whose pages may read the answers: all (`true`), or those listed. Default none. */
  cors?: boolean | string[]
  /** Longer bodies are refused with 413. Default 67,108,864, the limit of the model's own parser. */
  maxBodyBytes?: number
}

/** Answers one request; it never rejects. */
export type RouteHandler = (request: Request) => Promise<Response>

const MAX_BODY_BYTES = 64 << 20
/** nginx's status for a client that closed the request. */
const CLIENT_CLOSED = 499
const ALLOW = { allow: 'POST, OPTIONS' }
/** How long a browser may cache the answer to a preflight, in seconds. */
const PREFLIGHT_AGE = 86_400

/** A handler that answers bodies. `dialectOf` says in which format a client reads errors. */
export function routeHandler(
  name: string,
  { cors, maxBodyBytes = MAX_BODY_BYTES }: RouteHandlerOptions,
  dialectOf: (body: unknown) => Dialect,
  answer: (body: unknown, signal: AbortSignal) => Promise<unknown>,
): RouteHandler {
  return async (request) => {
    const shared = corsHeaders(request, cors)
    if (request.method === 'OPTIONS') return preflight(request, shared)
    if (request.method !== 'POST') return failure(405, 'method_not_allowed', `The ${name} route takes POST.`, { ...shared, ...ALLOW })
    let dialect: Dialect = 'rerank'
    try {
      const body = await readBody(request, maxBodyBytes)
      dialect = dialectOf(body)
      return json(200, await answer(body, request.signal), shared)
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

function corsHeaders(request: Request, cors: RouteHandlerOptions['cors']): Record<string, string> {
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
