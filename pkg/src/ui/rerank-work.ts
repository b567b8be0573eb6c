// Reranking as work of which only the newest counts.
import type { RerankerLike } from '../reranker-like.js'
import type { RerankRequest, RerankResponse, RerankResult } from '../types.js'
import type { Work } from './latest.js'
import { wrongArgument } from './main-entry.js'

/** What a component shows of a request. */
export interface RerankProgress {
  /** Best first; while the request runs, of the documents that have a score already. */
  readonly results: readonly RerankResult[]
  /** The whole answer, when it is there. */
  readonly response?: RerankResponse
}

/** Reranks with the model that `current` gives at the time of the call. */
export const rerankWork =
  (current: () => RerankerLike | null | undefined): Work<[request: RerankRequest], RerankProgress> =>
  async ({ signal, show }, request) => {
    const reranker = current()
    if (!reranker) throw wrongArgument('the reranker is not loaded yet; call run() once useReranker() has one')
    const scored: RerankResult[] = []
    const onResult = (result: RerankResult) => {
      scored.push(result)
      show(ranked(scored, request.top_n))
    }
    const response = await reranker.rerank(request, { signal, onResult })
    return { results: response.results, response }
  }

function ranked(scored: readonly RerankResult[], top = Number.POSITIVE_INFINITY): RerankProgress {
  // Read when it is drawn, not for every score.
  let results: readonly RerankResult[] | undefined
  const order = () => [...scored].sort((a, b) => value(b) - value(a) || a.index - b.index).slice(0, top)
  return {
    get results() {
      return (results ??= order())
    },
  }
}

/** Scores are rounded where logits still differ. */
const value = ({ logit, relevance_score }: RerankResult) => logit ?? relevance_score
