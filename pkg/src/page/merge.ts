// Joins the answers to the portions of a request into one response, by the rules of the engine (src/api/response.rs).
import type { ErrorCode } from '../errors.js'
import type { RerankRequest, RerankResponse, RerankResult } from '../types.js'
import type { PortionAnswer } from './request-kind.js'

type Stages = Omit<RerankResponse['meta']['timings'], 'total_ms'>
type Failure = { index: number; code: ErrorCode; message: string }

/** What the responses of all kinds have. */
interface AnyResponse {
  usage: { prompt_tokens: number }
  meta: { timings: Stages; warnings: string[]; failed?: Failure[] }
}

/** At the start of messages, where the engine names a document or an input; what comes after it may be a caller's address or text. */
const NAMED_ITEM = /^((?:[a-z ]+: )?(?:the score of )?(?:documents|input)\[)(\d+)\]/

/** A message about a portion, with the document's index in the request. */
export const renumbered = (message: string, indexes: number[]): string =>
  message.replace(NAMED_ITEM, (whole, before: string, position) => {
    const index = indexes[Number(position)]
    return index === undefined ? whole : `${before}${index}]`
  })

/** The response to the request. `total_ms` is the time in which all of it was computed. */
export function mergeAnswers(answers: PortionAnswer<RerankResponse>[], { top_n }: Pick<RerankRequest, 'top_n'>, total_ms: number): RerankResponse {
  const [first] = answers as [PortionAnswer<RerankResponse>, ...PortionAnswer<RerankResponse>[]]
  if (answers.length === 1 && isWhole(first)) return first.response
  const results = answers.flatMap(({ indexes, response }) => response.results.map((result) => ({ ...result, index: indexes[result.index] as number })))
  const failed = answers.flatMap(failedItems).sort((a, b) => a.index - b.index)
  const tokens = tokensOf(answers)
  const { id, model, meta } = first.response
  return {
    id,
    model,
    results: results.sort(byScore).slice(0, top_n || undefined),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    meta: {
      device: meta.device,
      cached_tokens: answers.reduce((sum, { response }) => sum + response.meta.cached_tokens, 0),
      timings: { ...stagesOf(answers), total_ms },
      warnings: warningsOf(answers),
      ...(failed.length > 0 && { failed }),
    },
  }
}

/** Whether positions in the portion are indexes in the request. */
export const isWhole = ({ indexes }: { indexes: number[] }): boolean => indexes.every((index, position) => index === position)

/** Best first, by logits; ties in the order of the request. */
const byScore = (a: RerankResult, b: RerankResult): number => (b.logit as number) - (a.logit as number) || a.index - b.index

export const tokensOf = (answers: PortionAnswer<AnyResponse>[]): number => answers.reduce((sum, { response }) => sum + response.usage.prompt_tokens, 0)

/** What each stage took in all workers together. */
export function stagesOf(answers: PortionAnswer<AnyResponse>[]): Stages {
  const of = (stage: keyof Stages) => answers.reduce((sum, { response }) => sum + response.meta.timings[stage], 0)
  return { tokenize_ms: of('tokenize_ms'), vision_ms: of('vision_ms'), compute_ms: of('compute_ms') }
}

export function failedItems({ indexes, response }: PortionAnswer<AnyResponse>): Failure[] {
  return (response.meta.failed ?? []).map(({ index, message, ...rest }) => ({
    ...rest,
    index: indexes[index] as number,
    message: renumbered(message, indexes),
  }))
}

/** Each once, in the order of the documents that they name. */
export function warningsOf(answers: PortionAnswer<AnyResponse>[]): string[] {
  const warnings = answers.flatMap(({ indexes, response }) => response.meta.warnings.map((warning) => renumbered(warning, indexes)))
  const place = (warning: string) => Number(NAMED_ITEM.exec(warning)?.[2] ?? -1)
  return [...new Set(warnings)].sort((a, b) => place(a) - place(b))
}
