// Reranks the hits of any search.

import type { Content, Picture } from '../content/types.js'
import { SecondpassError } from '../errors.js'
import { controlOf, type RerankerLike } from '../reranker-like.js'
import type { RerankResult } from '../types.js'

/** The data of a hit. A handle such as Pagefind's is opened first, with its `data()`. */
export type HitData<Hit> = Hit extends HitHandle<infer Data> ? Data : Hit

/** A hit whose data is fetched on demand. */
export interface HitHandle<Data> {
  /** Fetches the data. */
  data(): PromiseLike<Data>
}

/** A field of a hit: a path such as `title` or `document.title`, or a function that returns the value. */
export type HitField<Hit, Value> = string | ((data: HitData<Hit>, hit: Hit) => Value | null | undefined)

/** Options of {@link rerankHits}. */
export interface RerankHitsOptions<Hit> {
  /** The search. */
  query: Content
  /** The text of a hit: one field, or several, which are joined with line breaks. Default `text`. */
  text?: HitField<Hit, string | string[]> | HitField<Hit, string | string[]>[]
  /** The pictures of a hit. Default none. */
  image?: HitField<Hit, Picture | Picture[]>
  /** What identifies a hit; of several with the same id the first that has content is kept. Default `id`, `objectID` or `url`, whichever a hit has. */
  id?: HitField<Hit, string | number>
  /** How many hits to return. Default all. */
  top_n?: number
  /** How many distinct hits are scored; the others keep their order and come last. Default 50. */
  limit?: number
  /** The task, in a sentence. */
  instruction?: string
  /** How many tokens of each hit are read. */
  max_tokens_per_doc?: number
  /** Stops the call. */
  signal?: AbortSignal
  /** Called with each hit as soon as it has a score. */
  onResult?: (ranked: RankedHit<Hit>) => void
}

/** A hit with its score. */
export interface RankedHit<Hit> {
  /** The hit as it was given. */
  hit: Hit
  /** The data of a handle, otherwise the hit itself. Undefined for a handle that was not opened. */
  data: HitData<Hit> | undefined
  /** 0 to 1; undefined for a hit without content, and beyond the limit. */
  score: number | undefined
  /** Its position in the list that was given. */
  index: number
  /** Why a handle could not be opened, or its content not be scored. */
  error?: unknown
}

/** A cross-encoder is too slow for more than the best hits of a search. */
const DEFAULT_LIMIT = 50

/**
 * Reranks the hits of MiniSearch, Pagefind, Orama, Algolia, or any list of objects. Of hits with the same id one is kept; hits
 * without a score come after the others, in their old order. The hits themselves are not changed.
 *
 * ```ts
 * const ranked = await rerankHits(reranker, index.search(query), { query, text: ['title', 'body'], top_n: 10 })
 * show(ranked.map(({ hit }) => hit))
 * ```
 */
export async function rerankHits<Hit extends object>(
  reranker: RerankerLike | PromiseLike<RerankerLike>,
  hits: readonly Hit[],
  options: RerankHitsOptions<Hit>,
): Promise<RankedHit<Hit>[]> {
  const { query, top_n, instruction, max_tokens_per_doc, signal, onResult } = options
  signal?.throwIfAborted()
  const opened = await openUpToLimit(hits, options)
  signal?.throwIfAborted()
  const rest = hits.slice(opened.length).map((hit, i): Candidate<Hit> => ({ entry: unopened(hit, opened.length + i), document: undefined }))
  const kept = withoutDuplicates([...opened, ...rest], options.id)
  const readable = kept.filter((item): item is Candidate<Hit> & { document: Content } => item.document !== undefined)
  if (readable.length > 0) {
    const scored = ({ index, relevance_score }: RerankResult) => {
      const entry = readable[index]?.entry
      if (entry) entry.score = relevance_score
      return entry
    }
    const request = {
      query,
      documents: readable.map(({ document }) => document),
      ...(instruction !== undefined && { instruction }),
      ...(max_tokens_per_doc !== undefined && { max_tokens_per_doc }),
    }
    const report =
      onResult &&
      ((result: RerankResult) => {
        const entry = scored(result)
        if (entry) onResult({ ...entry })
      })
    const { results, meta } = await (await reranker).rerank(request, controlOf(signal, report))
    results.forEach(scored)
    for (const { index, code, message } of meta.failed ?? []) {
      const entry = readable[index]?.entry
      if (entry) entry.error = new SecondpassError(code, 400, message)
    }
  }
  const ranked = kept.map(({ entry }) => entry).sort(byScore)
  return top_n ? ranked.slice(0, top_n) : ranked
}

/** Equal scores, and hits without one, keep their order. */
function byScore<Hit>(a: RankedHit<Hit>, b: RankedHit<Hit>): number {
  const [first, second] = [a, b].map(({ score }) => score ?? -Infinity) as [number, number]
  return first === second ? a.index - b.index : second - first
}

/** Opens hits until there are as many distinct ones as the limit says: the id of a handle is known only once it is open. */
async function openUpToLimit<Hit extends object>(hits: readonly Hit[], options: RerankHitsOptions<Hit>): Promise<Candidate<Hit>[]> {
  const { limit = DEFAULT_LIMIT, id } = options
  const opened: Candidate<Hit>[] = []
  while (opened.length < hits.length) {
    const missing = Math.ceil(limit - withoutDuplicates(opened, id).length)
    if (!(missing > 0)) break
    const from = opened.length
    const entries = await Promise.all(hits.slice(from, from + missing).map((hit, i) => openHit(hit, from + i)))
    opened.push(...entries.map((entry) => ({ entry, document: contentOf(entry, options) })))
  }
  return opened
}

async function openHit<Hit extends object>(hit: Hit, index: number): Promise<RankedHit<Hit>> {
  if (!isHandle(hit)) return { hit, data: hit as HitData<Hit>, score: undefined, index }
  try {
    return { hit, data: (await hit.data()) as HitData<Hit>, score: undefined, index }
  } catch (error) {
    return { ...unopened(hit as Hit, index), error }
  }
}

const unopened = <Hit extends object>(hit: Hit, index: number): RankedHit<Hit> => ({
  hit,
  data: isHandle(hit) ? undefined : (hit as HitData<Hit>),
  score: undefined,
  index,
})

const isHandle = (hit: object): hit is HitHandle<unknown> => 'data' in hit && typeof hit.data === 'function'

interface Candidate<Hit> {
  entry: RankedHit<Hit>
  document: Content | undefined
}

/** Of hits with the same id, the first that has content is kept. */
function withoutDuplicates<Hit extends object>(items: Candidate<Hit>[], id: RerankHitsOptions<Hit>['id']): Candidate<Hit>[] {
  const ids = items.map(({ entry }) => (id === undefined ? defaultId(entry.hit) : fieldValue(id, entry)) ?? undefined)
  const winners = new Map<unknown, Candidate<Hit>>()
  items.forEach((item, i) => {
    if (!winners.get(ids[i])?.document && (!winners.has(ids[i]) || item.document)) winners.set(ids[i], item)
  })
  return items.filter((item, i) => ids[i] === undefined || winners.get(ids[i]) === item)
}

function defaultId(hit: object): unknown {
  const { id, objectID, url } = hit as Record<string, unknown>
  return [id, objectID, url].find((value) => typeof value === 'string' || typeof value === 'number')
}

function contentOf<Hit extends object>(entry: RankedHit<Hit>, options: RerankHitsOptions<Hit>): Content | undefined {
  const fields = [options.text ?? 'text'].flat() as HitField<Hit, string | string[]>[]
  const texts = fields.flatMap((field) => fieldValue(field, entry) ?? [])
  const text = texts.filter((part) => typeof part === 'string' && part.trim() !== '').join('\n')
  const given = options.image === undefined ? undefined : fieldValue(options.image, entry)
  const image = given === undefined || given === null || given === '' ? [] : [given].flat()
  if (image.length > 0) return text === '' ? { image } : { text, image }
  return text === '' ? undefined : text
}

function fieldValue<Hit extends object, Value>(field: HitField<Hit, Value>, { data, hit }: RankedHit<Hit>): Value | null | undefined {
  if (data === undefined) return undefined
  if (typeof field === 'function') return field(data, hit)
  const own = (data as Record<string, unknown>)[field]
  // A name with dots may be a key of its own, or a path.
  const found = own !== undefined ? own : field.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], data)
  return found as Value | null | undefined
}
