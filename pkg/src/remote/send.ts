// One request to a server, sent again where that may help.
import { sleep } from '../abort.js'
import { printable } from '../content/addresses.js'
import { type ErrorCode, invalidRequest, messageOf, SecondpassError } from '../errors.js'
import { policyBlock, watchPolicy } from '../policy.js'
import { readText } from '../read-text.js'
import { errorMessageOf } from './answer.js'
import type { RemoteOptions } from './options.js'

const MAX_RETRIES = 2
const MAX_WAIT_MS = 30_000
/** Timers count in 32 bits: a longer wait would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
/** Doubled at each further attempt, where the server does not name a wait. */
const FIRST_WAIT_MS = 500
/** vLLM echoes documents, pictures included, so an answer may be as large as a request. */
const MAX_ANSWER_BYTES = 64 << 20
const RETRIED = new Set([408, 429, 502, 503, 504])

/** Whatever the format. */
type ServerOptions = Omit<RemoteOptions, 'format'>

interface FailedAttempt {
  error: SecondpassError
  /** Whether another attempt may succeed. */
  retry: boolean
  /** How many milliseconds the server asks to wait. */
  wait?: number
}

/** The text of a server's answer to this body. */
export async function send(url: string, body: string, options: ServerOptions, signal: AbortSignal): Promise<string> {
  const { maxRetries = MAX_RETRIES, maxRetryWaitMs = MAX_WAIT_MS } = options
  for (let attempt = 0; ; attempt++) {
    const outcome = await attempted(url, body, options, signal)
    if (typeof outcome === 'string') return outcome
    const wait = outcome.wait ?? FIRST_WAIT_MS * 2 ** attempt * (0.75 + Math.random() / 2)
    if (!outcome.retry || attempt >= maxRetries || wait > Math.min(maxRetryWaitMs, LONGEST_TIMER_MS)) throw outcome.error
    await sleep(wait, signal)
  }
}

async function attempted(
  url: string,
  body: string,
  { fetch = globalThis.fetch, ...options }: ServerOptions,
  signal: AbortSignal,
): Promise<string | FailedAttempt> {
  const headers = await headersOf(options)
  signal.throwIfAborted()
  watchPolicy()
  const since = performance.now()
  try {
    // Headers of one's own, and the body, would follow a redirect to another origin.
    const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
    if (response.type === 'opaqueredirect' || response.redirected || (response.status >= 300 && response.status < 400)) throw redirects(url)
    const text = await readText(response, MAX_ANSWER_BYTES)
    if (!response.ok) return refusal(response, text ?? '')
    if (text === undefined) throw new SecondpassError('bad_response', 502, `The server’s answer is longer than ${MAX_ANSWER_BYTES} bytes.`)
    return text
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof SecondpassError) throw error
    const blocked = await policyBlock(since, 'connect-src')
    const why = blocked ?? `${messageOf(error)}; a page is let in by CORS alone`
    return { error: new SecondpassError('network', 502, `The server ${printable(url)} could not be reached (${why}).`), retry: blocked === undefined }
  }
}

const redirects = (url: string) =>
  new SecondpassError(
    'bad_response',
    502,
    `The server ${printable(url)} redirects to another address. Documents and keys follow no redirect; give the final address as url.`,
  )

async function headersOf({ apiKey, headers }: ServerOptions): Promise<Headers> {
  const given = typeof headers === 'function' ? await made(headers) : headers
  const all = new Headers({ 'content-type': 'application/json', accept: 'application/json' })
  if (apiKey !== undefined) setHeader(all, 'authorization', `Bearer ${apiKey}`, 'apiKey')
  // `set` is case-insensitive: two spellings of a name would otherwise be sent as a list.
  for (const [name, value] of Object.entries(given ?? {})) setHeader(all, name, value, `headers: ${JSON.stringify(name)}`)
  return all
}

async function made(headers: () => Record<string, string> | Promise<Record<string, string>>): Promise<Record<string, string>> {
  try {
    return await headers()
  } catch (error) {
    throw new SecondpassError('unauthorized', 401, `The headers of the request could not be made (${messageOf(error)}).`)
  }
}

/** The exception of `set` would print the value, which may be a key. */
function setHeader(headers: Headers, name: string, value: string, place: string): void {
  try {
    headers.set(name, value)
  } catch {
    throw invalidRequest(`${place} has a character that a header cannot have, such as a line break`)
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
  const text = header?.trim()
  if (!text) return undefined
  const seconds = Number(text)
  const wait = Number.isNaN(seconds) ? Date.parse(text) - Date.now() : seconds * 1000
  return Number.isNaN(wait) ? undefined : Math.max(0, wait)
}
