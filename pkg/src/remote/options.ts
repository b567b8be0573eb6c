// Where a server is, and how it is asked.
import { type Check, type Checks, check, checkFields, isObject } from '../checks.js'
import { absoluteUrl, hasCredentials } from '../content/addresses.js'
import { invalidRequest } from '../errors.js'
import type { RemoteFormat } from './wire.js'

/** Options of `Reranker.remote`. */
export interface RemoteOptions {
  /** The full address, such as `https://example.org/v1/rerank`. Redirects are not followed: documents and keys go nowhere else. */
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

const FORMATS: RemoteFormat[] = ['rerank', 'jina', 'tei', 'dashscope']

const format: Check = (value) => (FORMATS.includes(value as RemoteFormat) ? undefined : `one of ${FORMATS.join(', ')}`)
const headers: Check = (value) => (isObject(value) || typeof value === 'function' ? undefined : 'an object, or a function that returns one')

const CHECKS: Checks<RemoteOptions> = {
  url: check.address,
  apiKey: check.text,
  model: check.text,
  format,
  headers,
  fetch: check.callback,
  maxRetries: check.amount,
  maxRetryWaitMs: check.amount,
}

/** Throws unless these are options; the address of the server. */
export function checkRemoteOptions(
  options: Omit<RemoteOptions, 'format'>,
  call = 'Reranker.remote',
  route = 'https://example.org/v1/rerank',
  formats: Check = format,
): string {
  const example = `${call}({ url: '${route}' })`
  if (!isObject(options) || options.url === undefined || options.url === null) throw invalidRequest(`the server’s address is missing; write ${example}`)
  checkFields(options, { ...CHECKS, format: formats }, `options of ${call}`)
  const url = absoluteUrl(options.url as string | URL)
  // `fetch` refuses such an address, and prints all of it.
  if (hasCredentials(url)) throw invalidRequest('the server’s address holds a user name or a password; send them as a header instead, or as apiKey')
  if (!/^https?:/.test(url))
    throw invalidRequest(`the server’s address must begin with https:// or http://, or be one on this page’s own server; write ${example}`)
  return url
}
