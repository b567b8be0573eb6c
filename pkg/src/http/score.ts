// `/score` as a function from request to response.
import { isObject } from '../checks.js'
import { readContent } from '../content/schema.js'
import type { Content } from '../content/types.js'
import { invalidRequest, SecondpassError } from '../errors.js'
import { once, type RerankerSource } from '../reranker-like.js'
import { type ScoreRequest, type ScoreResponse, scorePairs } from '../score.js'
import type { HandlerOptions, RerankHandler } from './handler.js'
import { routeHandler } from './route.js'
import { type AllowedPictures, asContent, optionsOf, pictureReader } from './wire.js'

const MAX_PAIRS = 1000

/**
 * A handler for the `/score` wire format of vLLM: `text_1` and `text_2`, also under its other names (`queries` and `documents` or
 * `items`, `data_1` and `data_2`).
 *
 * ```ts
 * const handler = createScoreHandler(reranker)
 * const response = await handler(new Request('/score', { method: 'POST', body: JSON.stringify({ text_1: query, text_2: documents }) }))
 * ```
 */
export function createScoreHandler(source: RerankerSource, options: HandlerOptions = {}): RerankHandler {
  if (source === undefined || source === null) throw invalidRequest('the reranker is missing; write createScoreHandler(reranker)')
  const ready = once(source)
  const { pictures = 'any', maxDocuments = MAX_PAIRS } = options
  return routeHandler(
    'score',
    options,
    () => 'rerank',
    async (body, signal) => {
      const { request, logits, warnings } = parseScoreBody(body, pictures)
      const pairs = Math.max(...[request.text_1, request.text_2].map((side) => (Array.isArray(side) ? side.length : 1)))
      if (pairs > maxDocuments)
        throw new SecondpassError('invalid_request', 400, `invalid request: ${pairs} pairs were given; at most ${maxDocuments} are scored in one call`)
      return formatScores(await scorePairs(await ready(signal), request, { signal }), logits, warnings)
    },
  )
}

function parseScoreBody(body: unknown, allowed: AllowedPictures): { request: ScoreRequest; logits: boolean; warnings: string[] } {
  if (!isObject(body)) throw invalidRequest('the body must be an object with text_1 and text_2')
  const { options, logits, warnings } = optionsOf(body)
  const text_1 = sideOf(body.text_1 ?? body.queries ?? body.data_1, 'text_1', allowed)
  const text_2 = sideOf(body.text_2 ?? body.documents ?? body.items ?? body.data_2, 'text_2', allowed)
  return { request: { ...options, text_1, text_2 }, logits, warnings }
}

function sideOf(value: unknown, name: string, allowed: AllowedPictures): Content | Content[] {
  if (value === undefined || value === null) throw invalidRequest(`${name} must be provided`)
  const picture = pictureReader(allowed)
  if (Array.isArray(value)) return value.map((item, i) => readContent(asContent(item), `${name}[${i}]`, picture))
  return readContent(asContent(value), name, picture)
}

/** A client pairs scores with its own lists by their places, so a pair without one fails the request. */
function formatScores({ meta, data, ...response }: ScoreResponse, logits: boolean, warnings: string[]): unknown {
  const [failed] = meta.failed ?? []
  if (failed) throw new SecondpassError(failed.code, 400, `pair ${failed.index} has no score: ${failed.message}`)
  const scores = data.map(({ index, object, score, logit }) => {
    if (logits && logit === undefined) throw invalidRequest('scores without the final activation are not given by this model')
    return { index, object, score: logits ? logit : score }
  })
  return { ...response, data: scores, meta: { ...meta, warnings: [...meta.warnings, ...warnings] } }
}
