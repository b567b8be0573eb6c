// One second pass: asks the model in small parts, so that the first scores are there early and a cancellation is felt at once.

/** Documents of the first call and of the largest. The prompt's start is kept between calls with the same query, so small parts cost little. */
const [FIRST_PART, LARGEST_PART] = [6, 24]

/**
 * Scores items against a query; `onScore(item, score)` for each, `onFailed(item, message)` for those that cannot be read.
 * Returns the numbers of the whole run.
 */
export async function score(reranker, { query, items, instruction, signal, onScore, onFailed }) {
  const started = performance.now()
  const numbers = { documents: 0, tokens: 0, cached: 0, vision_ms: 0, compute_ms: 0, first_ms: undefined, last_ms: 0, warnings: [] }
  for (let at = 0, size = FIRST_PART; at < items.length; at += size, size = Math.min(size * 2, LARGEST_PART)) {
    const part = items.slice(at, at + size)
    const documents = await Promise.all(part.map((item) => item.content()))
    const body = { query, documents, ...(instruction && { instruction }) }
    const response = await reranker.rerank(body, {
      signal,
      onResult: ({ index, relevance_score }) => {
        numbers.last_ms = performance.now() - started
        numbers.first_ms ??= numbers.last_ms
        onScore?.(part[index], relevance_score)
      },
    })
    for (const { index, message } of response.meta.failed ?? []) onFailed?.(part[index], message)
    numbers.documents += response.results.length
    numbers.tokens += response.usage.total_tokens
    numbers.cached += response.meta.cached_tokens
    numbers.vision_ms += response.meta.timings.vision_ms
    numbers.compute_ms += response.meta.timings.compute_ms
    numbers.warnings.push(...response.meta.warnings)
  }
  numbers.total_ms = performance.now() - started
  return numbers
}
