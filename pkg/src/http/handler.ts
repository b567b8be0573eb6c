// `/v1/rerank` as a function from request to response.
import { invalidRequest, SecondpassError } from '../errors.js'
import { controlOf, once, type RerankerSource } from '../reranker-like.js'
import { type RouteHandler, type RouteHandlerOptions, routeHandler } from './route.js'
import { dialectOf, formatAnswer, parseBody } from './wire.js'

/** Options of {@link createRerankHandler}. */
export interface HandlerOptions extends RouteHandlerOptions {
  /** With more documents a request is refused with 400. Default 1,000. */
  maxDocuments?: number
  /**
   * Whether a body may name pictures by address (`any`, the default), which are then fetched with the rights of the page or
   * server that handles the request, or must contain them (`data`). Choose `data` where strangers may send requests.
   */
  pictures?: 'any' | 'data'
}

/** Answers one `/v1/rerank` request; it never rejects. */
export type RerankHandler = RouteHandler

const MAX_DOCUMENTS = 1000

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
  return routeHandler('rerank', options, dialectOf, async (body, signal) => {
    const call = parseBody(body, options.pictures ?? 'any')
    checkCount(call.request.documents.length, options.maxDocuments ?? MAX_DOCUMENTS)
    const reranker = await ready(signal)
    return formatAnswer(await reranker.rerank(call.request, controlOf(signal)), call)
  })
}

function checkCount(count: number, max: number): void {
  if (count <= max) return
  throw new SecondpassError('invalid_request', 400, `invalid request: ${count} documents were given; at most ${max} are scored in one call`)
}
