// Sweeps for the cost model, with our engine: one quantity grows at a time.
import { Reranker } from '/engines/ours/index.js'

/** Each request is timed twice with different queries, so that no prefix is cached; the faster one counts. */
const ROUNDS = 2

/** Loads, warms up and times every request of `sweep`. */
export async function measure({ options, query, sweep }) {
  const reranker = await Reranker.load(options)
  await reranker.rerank({ query: 'a warm-up', documents: sweep[0].documents })
  await reranker.rerank({ query: 'another', documents: sweep.at(-1).documents.slice(0, 4) })
  const points = []
  for (const { x, documents } of sweep) {
    let best
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now()
      const { usage, meta } = await reranker.rerank({ query: `${'ab'[round]} ${query}`, documents })
      const ms = performance.now() - start
      if (!best || ms < best.ms) best = { x, ms, documents: documents.length, tokens: usage.total_tokens, cached_tokens: meta.cached_tokens }
    }
    points.push(best)
  }
  const { info } = reranker
  reranker.dispose()
  return { info, points }
}
