// What comes back from a `/v1/rerank` server, in the formats of the common servers: checked before any of it is used.
import { isObject } from '../checks.js'
import { asObject } from '../content/schema.js'
import type { Content } from '../content/types.js'
import type { ErrorCode } from '../errors.js'
import type { RerankResponse, RerankResult } from '../types.js'
import { unusable } from './unusable.js'
import type { AskedOfServer } from './wire.js'

type Fields = Record<string, unknown>
type Failed = NonNullable<RerankResponse['meta']['failed']>

/** A sigmoid in f32 may be rounded to a little more than 1. */
const ROUNDING = 1e-6
/** The longest part of a server's error message that is passed on. */
const MAX_MESSAGE = 300

/** The answer of any of these servers, as a response of this package. */
export function parseResponse(body: unknown, documents: Content[], asked: AskedOfServer, model: string, elapsed: number): RerankResponse {
  const answer = fields(body)
  const list = [body, answer.results, answer.data, fields(answer.output).results].find(Array.isArray)
  // DashScope may report a failure in an answer of its own with the status 200.
  if (!list && typeof answer.message === 'string') throw unusable(`it holds no list of results, but says "${answer.message.slice(0, MAX_MESSAGE)}"`)
  if (!list) throw unusable('it holds no list of results')
  const results = list.map((entry): RerankResult => resultOf(fields(entry), documents.length, asked.raw_scores === true))
  const failed = failedOf(fields(answer.meta).failed, documents.length)
  const named = [...results, ...failed].map(({ index }) => index)
  if (new Set(named).size < named.length) throw unusable('it names a document twice')
  if (named.length === 0) throw unusable('it scores no document')
  results.sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
  if (asked.top_n) results.length = Math.min(results.length, asked.top_n)
  if (asked.return_documents) for (const result of results) result.document = asObject(documents[result.index])
  return {
    id: [answer.id, answer.request_id].find((id) => typeof id === 'string') ?? `rerank-${Date.now().toString(36)}`,
    model: typeof answer.model === 'string' ? answer.model : model,
    results,
    ...counts(answer, elapsed, failed),
  }
}

function resultOf(entry: Fields, documents: number, raw: boolean): RerankResult {
  const score = entry.relevance_score ?? entry.score
  if (typeof score !== 'number' || !Number.isFinite(score)) throw unusable('a score is not a number')
  return {
    index: indexOf(entry.index, documents),
    relevance_score: raw ? score : fraction(score),
    ...(typeof entry.logit === 'number' && Number.isFinite(entry.logit) && { logit: entry.logit }),
  }
}

function indexOf(value: unknown, documents: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < documents) return value as number
  throw unusable('an index is no place in the request')
}

/** Some servers answer with logits, whose order is right, but which no threshold fits. */
function fraction(score: number): number {
  if (score < -ROUNDING || score > 1 + ROUNDING) {
    throw unusable(`a score is ${score}, not between 0 and 1; with raw_scores: true in the request the server’s scores are taken as they are`)
  }
  return Math.min(1, Math.max(0, score))
}

/** Only this package's own handler reports documents that could not be read. */
function failedOf(value: unknown, documents: number): Failed {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw unusable('meta.failed is no list')
  return value.map((entry) => {
    const { index, code, message } = fields(entry)
    if (typeof code !== 'string' || typeof message !== 'string') throw unusable('meta.failed has an entry without a code and a message')
    return { index: indexOf(index, documents), code: code as ErrorCode, message }
  })
}

function counts(answer: Fields, elapsed: number, failed: Failed): Pick<RerankResponse, 'usage' | 'meta'> {
  const usage = fields(answer.usage)
  const meta = fields(answer.meta)
  const count = (...values: unknown[]) => values.find((value): value is number => typeof value === 'number' && value >= 0) ?? 0
  const prompt = count(usage.prompt_tokens, usage.total_tokens, fields(meta.tokens).input_tokens, fields(meta.billed_units).input_tokens)
  const warnings = [meta.warnings].flat().filter((warning): warning is string => typeof warning === 'string')
  return {
    usage: { prompt_tokens: prompt, total_tokens: count(usage.total_tokens, prompt) },
    meta: {
      device: 'remote',
      cached_tokens: count(meta.cached_tokens, fields(usage.prompt_tokens_details).cached_tokens),
      timings: { tokenize_ms: 0, vision_ms: 0, compute_ms: 0, total_ms: elapsed },
      warnings,
      ...(failed.length > 0 && { failed }),
    },
  }
}

/** The message of a server's error, in any of the formats. */
export function errorMessageOf(text: string): string {
  try {
    const body = fields(JSON.parse(text))
    const found = [body.message, fields(body.error).message, body.error, body.detail].find((value) => typeof value === 'string')
    return String(found ?? '').slice(0, MAX_MESSAGE)
  } catch {
    return ''
  }
}

const fields = (value: unknown): Fields => (isObject(value) ? value : {})
