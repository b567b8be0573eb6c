// `/v1/embeddings` as a function from request to response.
import { isObject } from '../checks.js'
import { readInputs } from '../content/inputs.js'
import type { Content } from '../content/types.js'
import type { EmbeddingData, EmbedRequest, EmbedResponse } from '../embed-types.js'
import type { EmbedderSource } from '../embedder-like.js'
import { invalidRequest, SecondpassError } from '../errors.js'
import { once } from '../reranker-like.js'
import { type RouteHandler, type RouteHandlerOptions, routeHandler } from './route.js'
import { pictureReader } from './wire.js'

/** Options of {@link createEmbeddingsHandler}. */
export interface EmbeddingsHandlerOptions extends RouteHandlerOptions {
  /** With more inputs a request is refused with 400. Default 2,048. */
  maxInputs?: number
  /** Whether a body may name pictures by address (`any`, the default), or must contain them (`data`), as for the rerank route. */
  pictures?: 'any' | 'data'
}

const MAX_INPUTS = 2048
/** The names that Jina's tasks and Cohere's types of inputs have for what searches and what is found. */
const QUERY_TYPES = ['query', 'search_query', 'retrieval.query']
const DOCUMENT_TYPES = ['document', 'passage', 'search_document', 'retrieval.passage']

/** `tei` has `inputs` and a bare list as the answer, `cohere` has `texts` and lists by type; all others share one. */
type EmbeddingsDialect = 'openai' | 'cohere' | 'tei'

/**
 * A handler for the `/v1/embeddings` wire format: it reads the bodies of OpenAI, vLLM and Jina clients, of Cohere's v2 and of TEI,
 * and answers as they expect.
 *
 * ```ts
 * const handler = createEmbeddingsHandler(embedder)
 * const openai = new OpenAI({ apiKey: 'none', baseURL: 'http://localhost/v1', fetch: (input, init) => handler(new Request(input, init)) })
 * ```
 */
export function createEmbeddingsHandler(source: EmbedderSource, options: EmbeddingsHandlerOptions = {}): RouteHandler {
  if (source === undefined || source === null) throw invalidRequest('the embedder is missing; write createEmbeddingsHandler(embedder)')
  const ready = once(source)
  const errorDialect = (body: unknown) => (dialectOf(body) === 'tei' ? 'tei' : 'rerank')
  return routeHandler('embeddings', options, errorDialect, async (body, signal) => {
    const dialect = dialectOf(body)
    const request = parseBody(body, options.pictures ?? 'any')
    checkCount(request.input.length, options.maxInputs ?? MAX_INPUTS)
    const embedder = await ready(signal)
    const response = (await embedder.embed(request as Parameters<typeof embedder.embed>[0], { signal })) as EmbedResponse
    return formatAnswer(response, dialect, request)
  })
}

function dialectOf(body: unknown): EmbeddingsDialect {
  if (!isObject(body) || body.input !== undefined) return 'openai'
  return body.inputs !== undefined && !Array.isArray(body.embedding_types) ? 'tei' : 'cohere'
}

type ParsedRequest = Omit<EmbedRequest, 'input'> & { input: Content[] }

function parseBody(body: unknown, allowed: 'any' | 'data'): ParsedRequest {
  if (!isObject(body)) throw invalidRequest('the body must be an object with input')
  const input = body.input ?? body.inputs ?? body.texts
  const { inputs } = readInputs({ input }, pictureReader(allowed))
  const role = roleOf(body.input_type ?? body.task ?? body.prompt_name)
  const dimensions = body.dimensions ?? body.output_dimension
  const format = body.encoding_format ?? (Array.isArray(body.embedding_types) ? body.embedding_types[0] : undefined)
  const { instruction, max_length, fps, max_frames } = body
  const fields = { input_type: role, dimensions, encoding_format: format, instruction, max_length, fps, max_frames }
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))
  return { ...given, input: inputs } as ParsedRequest
}

/** Other tasks, such as classification, have no words of their own before a text. */
function roleOf(name: unknown): 'query' | 'document' | undefined {
  if (name === undefined || name === null) return undefined
  if (typeof name !== 'string') throw invalidRequest('input_type must be a text')
  if (QUERY_TYPES.includes(name)) return 'query'
  return DOCUMENT_TYPES.includes(name) ? 'document' : undefined
}

function checkCount(count: number, max: number): void {
  if (count > max) throw new SecondpassError('invalid_request', 400, `invalid request: ${count} inputs were given; one call takes ${max} at most`)
}

/** A client pairs vectors with inputs by their places, so an input without one fails the request. */
function formatAnswer(response: EmbedResponse, dialect: EmbeddingsDialect, { input, encoding_format = 'float' }: ParsedRequest): unknown {
  const [failed] = response.meta.failed ?? []
  if (failed || response.data.length !== input.length)
    throw new SecondpassError(failed?.code ?? 'internal', failed ? 400 : 500, failed?.message ?? 'an input has no vector')
  const vectors = response.data.map(({ embedding }: EmbeddingData) => embedding)
  if (dialect === 'tei') return vectors
  if (dialect === 'openai') return response
  const { prompt_tokens: input_tokens } = response.usage
  return {
    id: `embed-${Date.now().toString(36)}`,
    embeddings: { [encoding_format]: vectors },
    response_type: 'embeddings_by_type',
    meta: { api_version: { version: '2' }, tokens: { input_tokens }, warnings: response.meta.warnings },
  }
}
