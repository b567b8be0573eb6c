// The bodies that clients of rerank servers send, read as requests of this package, and its answers as those clients expect them.
import { isObject } from '../checks.js'
import { type ContentOf, documentList, readContent } from '../content/schema.js'
import { wellFormed } from '../content/text.js'
import type { Content, Picture } from '../content/types.js'
import { invalidRequest } from '../errors.js'
import { failuresOf } from '../reranker-like.js'
import type { RerankRequest, RerankResponse, RerankResult } from '../types.js'
import { fromBase64 } from './base64.js'

/** `tei` is the format with `texts`; all others share one. */
export type Dialect = 'rerank' | 'tei'

/** A body that was read. */
export interface ParsedBody {
  request: RerankRequest
  dialect: Dialect
  /** Whether the client asked for what the model's head gives (TEI's `raw_scores`, vLLM's `use_activation: false`). */
  logits: boolean
  /** What the client asked for and does not get. */
  warnings: string[]
}

/** Which pictures a body may name: any, or only those that it contains. */
export type AllowedPictures = 'any' | 'data'

type Fields = Record<string, unknown>
/** Fields that are passed to the model, which checks their values. */
const PASSED = ['max_tokens_per_doc', 'max_length', 'fps', 'max_frames'] as const
/** Options of servers that are not supported, and do not change the order of the results. */
const IGNORED = ['max_chunks_per_doc', 'overlap_tokens', 'max_tokens_per_query', 'truncation_side', 'truncation_direction', 'chat_template_kwargs']

/** Reads a body of Cohere v1 or v2, Jina, vLLM, llama.cpp or TEI. */
export function parseBody(body: unknown, allowed: AllowedPictures): ParsedBody {
  if (!isObject(body)) throw invalidRequest('the body must be an object with query and documents')
  if (body.query === undefined || body.query === null) throw invalidRequest('query must be provided')
  const rankFields = readRankFields(body.rank_fields)
  const picture = pictureReader(allowed)
  const content = (value: unknown, place: string): ContentOf<string> => readContent(asContent(value), place, picture)
  const query = content(body.query, 'query')
  const documents = documentList(asList(body.documents ?? body.texts)).map((document, i) => {
    const place = `documents[${i}]`
    return rankFields && isObject(document) ? ranked(document, rankFields, place) : content(document, place)
  })
  const { options, logits, warnings } = optionsOf(body)
  const request: RerankRequest = { query, documents, ...options }
  const top = readCount(body.top_n ?? body.top_k, 'top_n')
  if (top) request.top_n = top
  if (body.return_documents === true || body.return_text === true) request.return_documents = true
  return { request, dialect: dialectOf(body), logits, warnings }
}

/** What a body says beside its texts and what of the answer is wanted. */
export function optionsOf(body: Fields): Pick<ParsedBody, 'logits' | 'warnings'> & { options: Omit<RerankRequest, 'query' | 'documents'> } {
  const options: Omit<RerankRequest, 'query' | 'documents'> = {}
  const instruction = body.instruction ?? body.instruct
  if (instruction !== undefined && instruction !== null) options.instruction = readString(instruction, 'instruction')
  const dialect = dialectOf(body)
  if (body.raw_scores === true && dialect === 'rerank') options.raw_scores = true
  for (const name of PASSED) if (body[name] !== undefined && body[name] !== null) options[name] = body[name] as number
  // vLLM: -1 is the model's own limit.
  const length = body.truncate_prompt_tokens
  if (typeof length === 'number' && length > 0) options.max_length ??= length
  const ignored = IGNORED.filter((name) => body[name] !== undefined && body[name] !== null)
  const logits = (body.raw_scores === true && dialect === 'tei') || body.use_activation === false
  return { options, logits, warnings: ignored.map((name) => `${name} is not supported and was ignored`) }
}

/** Some clients send a single document without a list around it. */
const asList = (value: unknown) => (typeof value === 'string' || isObject(value) ? [value] : value)

/** The format of a body, valid or not. */
export const dialectOf = (body: unknown): Dialect => (isObject(body) && body.texts !== undefined && body.documents === undefined ? 'tei' : 'rerank')

/** vLLM's clients also send a list of parts, or a single part, without `content` around it. */
export function asContent(value: unknown): unknown {
  if (Array.isArray(value)) return { content: value }
  return isObject(value) && typeof value.type === 'string' && value.content === undefined ? { content: [value] } : value
}

/** Pictures in JSON: a URL, a `data:` URL or bare base64. */
export function pictureReader(allowed: AllowedPictures): (picture: Picture, place: string) => string {
  return (picture, place) => {
    const url = fromBase64(typeof picture === 'string' ? picture : (picture as { url: string }).url)
    if (allowed === 'any' || /^data:/i.test(url)) return url
    throw invalidRequest(`${place}: pictures must be data: URLs here; addresses are not fetched`)
  }
}

function readRankFields(names: unknown): string[] | undefined {
  if (names === undefined || names === null) return undefined
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
  throw invalidRequest('rank_fields must be a list of names')
}

/** Cohere v1: the values of the named fields, one after the other. */
function ranked(value: Fields, names: string[], place: string): Content {
  const values = names
    .filter((name) => Object.hasOwn(value, name))
    .map((name) => value[name])
    .filter((item) => item !== null)
  if (values.length === 0) throw invalidRequest(`${place} has none of the rank_fields`)
  return { text: wellFormed(values.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join('\n')) }
}

function readString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalidRequest(`${name}: text must be a string`)
  return wellFormed(value)
}

function readCount(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalidRequest(`${name} must be a whole number, 0 or more`)
  return value as number
}

/** The answer to a body: a bare list for TEI, otherwise one object with the fields of all other servers. */
export function formatAnswer(answer: RerankResponse, { dialect, logits, warnings }: ParsedBody): unknown {
  const response = logits ? { ...answer, results: answer.results.map(asLogit) } : answer
  if (dialect === 'tei') {
    return response.results.map(({ index, relevance_score: score, document }) => ({ index, score, ...(document !== undefined && { text: textOf(document) }) }))
  }
  const all = [...response.meta.warnings, ...failuresOf(response), ...warnings]
  return {
    ...response,
    object: 'list',
    meta: {
      ...response.meta,
      api_version: { version: '2' },
      billed_units: { search_units: 0 },
      tokens: { input_tokens: response.usage.prompt_tokens, output_tokens: 0 },
      warnings: all,
    },
  }
}

function asLogit(result: RerankResult): RerankResult {
  if (result.logit === undefined) throw invalidRequest('scores without the final activation are not given by this model')
  return { ...result, relevance_score: result.logit }
}

const textOf = (document: Content): string => (typeof document === 'string' ? document : 'text' in document ? [document.text ?? []].flat().join('') : '')

/** An error with the fields of every server: `message` for Cohere, `error` for OpenAI-like ones, `detail` for Jina. */
export function formatError(status: number, code: string, message: string, dialect: Dialect = 'rerank'): unknown {
  if (dialect === 'tei') return { error: message, error_type: status < 500 ? 'Validation' : 'Backend' }
  return { object: 'error', message, detail: message, type: code, code: status, error: { message, type: code, code: status } }
}
