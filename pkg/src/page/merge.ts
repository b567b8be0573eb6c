// Joins the answers to the portions of a request into one response, by the rules of the engine (src/api/response.rs).
import { placeOfDocument } from '../content/schema.js'
import type { RerankRequest, RerankResponse, RerankResult } from '../types.js'

/** The answer to some documents of a request. Its own indexes are positions in `indexes`. */
export interface PortionAnswer {
  indexes: number[]
  response: RerankResponse
}

type Meta = RerankResponse['meta']

/** At the start of messages, where the engine names a document; what comes after it may be a caller's address or text. */
const NAMED_DOCUMENT = /^((?:[a-z ]+: )?(?:the score of )?)documents\[(\d+)\]/

/** A message about a portion, with the document's index in the request. */
export const renumbered = (message: string, indexes: number[]): string =>
  message.replace(NAMED_DOCUMENT, (whole, before: string, position) => {
    const index = indexes[Number(position)]
    return index === undefined ? whole : before + placeOfDocument(index)
  })

/** The response to the request. `total_ms` is the time in which all of it was computed. */
export function mergeAnswers(answers: PortionAnswer[], { top_n }: Pick<RerankRequest, 'top_n'>, total_ms: number): RerankResponse {
  const [first] = answers as [PortionAnswer, ...PortionAnswer[]]
  if (answers.length === 1 && isWhole(first)) return first.response
  const results = answers.flatMap(({ indexes, response }) => response.results.map((result) => ({ ...result, index: indexes[result.index] as number })))
  const failed = answers.flatMap(failuresOf).sort((a, b) => a.index - b.index)
  const tokens = total(answers, ({ usage }) => usage.prompt_tokens)
  const { id, model, meta } = first.response
  return {
    id,
    model,
    results: results.sort(byScore).slice(0, top_n || undefined),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    meta: {
      device: meta.device,
      cached_tokens: total(answers, ({ meta }) => meta.cached_tokens),
      timings: { ...stages(answers), total_ms },
      warnings: warningsOf(answers),
      ...(failed.length > 0 && { failed }),
    },
  }
}

/** Whether positions in the portion are indexes in the request. */
const isWhole = ({ indexes }: PortionAnswer): boolean => indexes.every((index, position) => index === position)

/** Best first, by logits; ties in the order of the request. */
const byScore = (a: RerankResult, b: RerankResult): number => (b.logit as number) - (a.logit as number) || a.index - b.index

const total = (answers: PortionAnswer[], of: (response: RerankResponse) => number): number => answers.reduce((sum, { response }) => sum + of(response), 0)

/** What each stage took in all workers together. */
function stages(answers: PortionAnswer[]): Omit<Meta['timings'], 'total_ms'> {
  const of = (stage: keyof Meta['timings']) => total(answers, ({ meta }) => meta.timings[stage])
  return { tokenize_ms: of('tokenize_ms'), vision_ms: of('vision_ms'), compute_ms: of('compute_ms') }
}

function failuresOf({ indexes, response }: PortionAnswer): NonNullable<Meta['failed']> {
  return (response.meta.failed ?? []).map(({ index, message, ...rest }) => ({
    ...rest,
    index: indexes[index] as number,
    message: renumbered(message, indexes),
  }))
}

/** Each once, in the order of the documents that they name. */
function warningsOf(answers: PortionAnswer[]): string[] {
  const warnings = answers.flatMap(({ indexes, response }) => response.meta.warnings.map((warning) => renumbered(warning, indexes)))
  const place = (warning: string) => Number(NAMED_DOCUMENT.exec(warning)?.[2] ?? -1)
  return [...new Set(warnings)].sort((a, b) => place(a) - place(b))
}
