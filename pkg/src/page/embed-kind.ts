// Requests for vectors.
import type { EmbeddedVector, EmbedRequest, EmbedResponse } from '../embed-types.js'
import { packInputs } from './attachments.js'
import { failedItems, isWhole, stagesOf, tokensOf, warningsOf } from './merge.js'
import type { RequestKind } from './request-kind.js'

export const EMBED: RequestKind<EmbedRequest, EmbedResponse, EmbeddedVector> = {
  type: 'embed',
  list: 'input',
  pack: packInputs,
  failuresAlone: (response) => ({ ...response, data: [], usage: { prompt_tokens: 0, total_tokens: 0 }, meta: { ...response.meta, warnings: [] } }),
  finish: (response) => response,
  merge(answers, _, total_ms) {
    const first = answers[0] as (typeof answers)[0]
    if (answers.length === 1 && isWhole(first)) return first.response
    const data = answers.flatMap(({ indexes, response }) => response.data.map((item) => ({ ...item, index: indexes[item.index] as number })))
    const failed = answers.flatMap(failedItems).sort((a, b) => a.index - b.index)
    const tokens = tokensOf(answers)
    return {
      object: 'list',
      data: data.sort((a, b) => a.index - b.index),
      model: first.response.model,
      usage: { prompt_tokens: tokens, total_tokens: tokens },
      meta: {
        device: first.response.meta.device,
        timings: { ...stagesOf(answers), total_ms },
        warnings: warningsOf(answers),
        ...(failed.length > 0 && { failed }),
      },
    }
  },
}
