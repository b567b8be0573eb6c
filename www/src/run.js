// One second pass: asks the model in small parts, so that the first scores are there early and a cancellation is felt at once.

import { isAbort } from './dom.js'

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
    const response = await named(part, () => reranker.rerank(body, {
      signal,
      onResult: ({ index, relevance_score }) => {
        numbers.last_ms = performance.now() - started
        numbers.first_ms ??= numbers.last_ms
        onScore?.(part[index], relevance_score)
      },
    }))
    for (const { index, message } of response.meta.failed ?? []) onFailed?.(part[index], withNames(message, part))
    numbers.documents += response.results.length
    numbers.tokens += response.usage.total_tokens
    numbers.cached += response.meta.cached_tokens
    numbers.vision_ms += response.meta.timings.vision_ms
    numbers.compute_ms += response.meta.timings.compute_ms
    numbers.warnings.push(...response.meta.warnings.map((text) => withNames(text, part)))
  }
  numbers.total_ms = performance.now() - started
  return numbers
}

/** A reader does not know a document by its number in one of our calls. */
const withNames = (text, part) => text.replace(/documents\[(\d+)\]/g, (place, n) => (part[n] ? `“${part[n].name}”` : place))

async function named(part, work) {
  try {
    return await work()
  } catch (error) {
    if (!isAbort(error)) error.message = withNames(error.message, part)
    throw error
  }
}

/** What this model can read of the items. */
export function readable({ info }, items) {
  if (info.vision) return items
  const texts = items.filter(({ kind }) => kind === 'text')
  if (texts.length === 0) throw new Error('This model reads text only, so it cannot see these pictures. Load its vision tower too, or use the Texts tab.')
  return texts
}

/** The query as this model can read it. */
export async function queryOf({ info }, spec, typed, picture) {
  // The demo's model has read lower case alone.
  const text = spec.lowerCase ? typed.toLowerCase() : typed
  if (!picture) return text
  if (!info.vision) throw new Error('This model reads text only: it cannot search with a picture.')
  const { image } = await picture.content()
  return text ? { text, image } : { image }
}
