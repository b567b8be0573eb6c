// Requests to score documents.
import { asObject } from '../content/schema.js'
import type { RerankRequest, RerankResponse, RerankResult } from '../types.js'
import { packRequest } from './attachments.js'
import { mergeAnswers } from './merge.js'
import type { RequestKind } from './request-kind.js'

export const RERANK: RequestKind<RerankRequest, RerankResponse, RerankResult> = {
  type: 'rerank',
  list: 'documents',
  pack: packRequest,
  failuresAlone: (response) => ({
    ...response,
    results: [],
    usage: { prompt_tokens: 0, total_tokens: 0 },
    meta: { ...response.meta, cached_tokens: 0, warnings: [] },
  }),
  merge: mergeAnswers,
  finish(response, request) {
    // Documents are given back as the caller has them.
    const documents = [request.documents].flat()
    for (const result of response.results) if (result.document) result.document = asObject(documents[result.index])
    return response
  },
}
