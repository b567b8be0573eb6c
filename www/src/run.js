// One run of the second pass: several small requests, so that the first scores come early and a cancellation takes effect at once.

import { isAbort } from './dom.js'

/** @import { Content, Reranker } from '../../pkg/src/index.js' */
/** @import { Item } from './items.js' */
/** @import { ModelSpec } from './model.js' */

/**
 * What a run has cost, summed over its requests.
 *
 * @typedef {object} RunStats
 * @property {number} documents
 * @property {number} tokens
 * @property {number} cached
 * @property {number} vision_ms
 * @property {number} compute_ms
 * @property {number} [first_ms]  until the first score
 * @property {number} last_ms     until the last score
 * @property {number} total_ms
 * @property {string[]} warnings
 */

/** Documents in the first request and in the largest. Small requests cost little, since the prompt prefix of a query is cached between them. */
const [FIRST_SIZE, LARGEST_SIZE] = [6, 24]

/**
 * Scores items against a query. `onScore` is called for each score, `onFailed` for each item that could not be read.
 *
 * @param {Pick<Reranker, 'rerank'>} reranker
 * @param {object} options
 * @param {Content} options.query
 * @param {Item[]} options.items
 * @param {string} [options.instruction]
 * @param {AbortSignal} [options.signal]
 * @param {(item: Item, score: number) => void} [options.onScore]
 * @param {(item: Item, message: string) => void} [options.onFailed]
 * @returns {Promise<RunStats>}
 */
export async function score(reranker, { query, items, instruction, signal, onScore, onFailed }) {
  const started = performance.now()
  /** @type {RunStats} */
  const stats = { documents: 0, tokens: 0, cached: 0, vision_ms: 0, compute_ms: 0, last_ms: 0, total_ms: 0, warnings: [] }
  for (let at = 0, size = FIRST_SIZE; at < items.length; at += size, size = Math.min(size * 2, LARGEST_SIZE)) {
    const part = items.slice(at, at + size)
    const documents = await Promise.all(part.map((item) => item.content()))
    const response = await withItemNames(part, () =>
      reranker.rerank(
        { query, documents, ...(instruction && { instruction }) },
        {
          ...(signal && { signal }),
          onResult: ({ index, relevance_score }) => {
            const item = part[index]
            stats.last_ms = performance.now() - started
            stats.first_ms ??= stats.last_ms
            if (item) onScore?.(item, relevance_score)
          },
        },
      ),
    )
    for (const { index, message } of response.meta.failed ?? []) {
      const item = part[index]
      if (item) onFailed?.(item, nameDocuments(message, part))
    }
    stats.documents += response.results.length
    stats.tokens += response.usage.total_tokens
    stats.cached += response.meta.cached_tokens
    stats.vision_ms += response.meta.timings.vision_ms
    stats.compute_ms += response.meta.timings.compute_ms
    stats.warnings.push(...response.meta.warnings.map((text) => nameDocuments(text, part)))
  }
  stats.total_ms = performance.now() - started
  return stats
}

/** Replaces `documents[3]` with the item's name: the index within one of our requests means nothing to the user. @param {string} text @param {Item[]} part */
const nameDocuments = (text, part) =>
  text.replace(/documents\[(\d+)\]/g, (match, n) => {
    const item = part[Number(n)]
    return item ? `“${item.name}”` : match
  })

/**
 * @template T
 * @param {Item[]} part
 * @param {() => Promise<T>} request
 * @returns {Promise<T>}
 */
async function withItemNames(part, request) {
  try {
    return await request()
  } catch (error) {
    if (error instanceof Error && !isAbort(error)) error.message = nameDocuments(error.message, part)
    throw error
  }
}

/** The items that this model can read. @param {Reranker} reranker @param {Item[]} items */
export function readableItems({ info }, items) {
  if (info.vision) return items
  const texts = items.filter(({ kind }) => kind === 'text')
  if (texts.length === 0)
    throw new Error('This model reads text only, so it cannot see these pictures. Load its vision tower too, or use the Documentation tab.')
  return texts
}

/**
 * The query as this model can read it.
 *
 * @param {Reranker} reranker
 * @param {ModelSpec | undefined} spec
 * @param {string} typed
 * @param {Item} [picture]
 * @returns {Promise<Content>}
 */
export async function queryContent({ info }, spec, typed, picture) {
  const text = spec?.lowerCase ? typed.toLowerCase() : typed
  if (!picture) return text
  if (!info.vision) throw new Error('This model reads text only: it cannot search with a picture.')
  const content = await picture.content()
  if (typeof content === 'string' || !('image' in content) || !content.image) throw new TypeError(`${picture.name} is not a picture`)
  return text ? { text, image: content.image } : { image: content.image }
}
