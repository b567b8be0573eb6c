// Reranks the hits of any search.
import { guarded } from '../callbacks.js'
import { type Checks, check, checkFields, isObject } from '../checks.js'
import { MAX_DOCUMENTS } from '../content/limits.js'
import type { Content, Picture } from '../content/types.js'
import { invalidRequest, SecondpassError, unreadable } from '../errors.js'
import { controlOf, type RerankerLike } from '../reranker-like.js'
import type { RerankResponse, RerankResult } from '../types.js'
import { contentOfFields, jsonBytes, MAX_BATCH_BYTES, tooLong } from './field-content.js'
import { checkField, FieldError, fieldValue, type HitData, type HitField, type HitHandle, missingFields, type NamedFields } from './fields.js'
import { areHits, countOf, type GivenHits, type HitLists, hitsOf, type PublishedHitsOptions } from './hit-lists.js'

/** Options of {@link rerankHits}. */
export interface RerankHitsOptions<Hit> extends PublishedHitsOptions<Hit> {
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
  /** How many distinct hits are scored, at most 1,000; the others keep their order and come last. Default 50, and all of several lists. */
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
  /** Its position in the list that was given, or in the lists one after the other. */
  index: number
  /** Why a handle could not be opened, or its content not be scored. */
  error?: unknown
}

/** Hits in their new order. */
export interface RankedHits<Hit> extends Array<RankedHit<Hit>> {
  /**
   * That of the answer: the device, timings, warnings, and in `failed` the hits without a score, by their position in the list
   * that was given. Undefined if no hit had content.
   */
  readonly meta?: RerankResponse['meta'] | undefined
}

/** A cross-encoder is too slow for more than the best hits of a search. */
const DEFAULT_LIMIT = 50

/**
 * Reranks the hits of MiniSearch, Pagefind, Orama, Algolia, or any list of objects. Of hits with the same id one is kept; hits
 * without a score come after the others, in their old order. The hits themselves are not changed. Hits of several searches (by
 * title and by picture, say) are given as lists, and reranked together.
 *
 * ```ts
 * const ranked = await rerankHits(reranker, index.search(query), { query, text: ['title', 'body'], top_n: 10 })
 * show(ranked.map(({ hit }) => hit))
 * ```
 */
export async function rerankHits<Hit extends object>(
  reranker: RerankerLike | PromiseLike<RerankerLike>,
  lists: HitLists<Hit>,
  options: RerankHitsOptions<Hit>,
): Promise<RankedHits<Hit>>
export async function rerankHits<Hit extends object>(
  reranker: RerankerLike | PromiseLike<RerankerLike>,
  hits: readonly Hit[],
  options: RerankHitsOptions<Hit>,
): Promise<RankedHits<Hit>>
export async function rerankHits<Hit extends object>(
  reranker: RerankerLike | PromiseLike<RerankerLike>,
  given: readonly Hit[] | HitLists<Hit>,
  options: RerankHitsOptions<Hit>,
): Promise<RankedHits<Hit>> {
  const { hits, several } = checkCall<Hit>(reranker, given, options)
  const { query, instruction, max_tokens_per_doc, signal, onResult, limit } = options
  signal?.throwIfAborted()
  const opened = await openUpToLimit(hits, options, limit ?? (several ? MAX_DOCUMENTS : DEFAULT_LIMIT))
  signal?.throwIfAborted()
  // A function that fails for every hit is a mistake of its own.
  const [first] = opened
  if (opened.every(({ entry }) => entry.error instanceof FieldError) && first) throw first.entry.error
  const warnings = missingFields(
    opened.map(({ entry }) => entry.data),
    namedFields(options),
  )
  const rest = hits.slice(opened.length).map((hit, i): Candidate<Hit> => ({ entry: unopened(hit, opened.length + i), document: undefined }))
  const read = options.rerank_field ? opened.filter(isNotEmpty) : opened
  const kept = withoutDuplicates([...read, ...rest], options.id)
  if (kept.length === 0 && hits.length > 0) throw invalidRequest(`no hit has anything in the field ${JSON.stringify(options.rerank_field)}`)
  const readable = withinBody(kept)
  let meta: RerankResponse['meta'] | undefined
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
    const tell = onResult && guarded(onResult)
    const report =
      tell &&
      ((result: RerankResult) => {
        const entry = scored(result)
        if (entry) tell({ ...entry })
      })
    const response = await (await reranker).rerank(request, controlOf(signal, report))
    response.results.forEach(scored)
    for (const { index, code, message } of response.meta.failed ?? []) {
      const entry = readable[index]?.entry
      if (entry) entry.error = new SecondpassError(code, 400, message)
    }
    meta = metaOf(response, kept, warnings)
  }
  const ranked = kept.map(({ entry }) => entry).sort(byScore)
  return withMeta(ranked.slice(0, countOf(options)), meta)
}

/** `failed` counts as the caller's list does, and holds what was not sent too. */
function metaOf<Hit>({ meta: { failed: _, ...meta } }: RerankResponse, kept: Candidate<Hit>[], warnings: string[]): RerankResponse['meta'] {
  const failed = kept.flatMap(({ entry: { index, error } }) => (error instanceof SecondpassError ? [{ index, code: error.code, message: error.message }] : []))
  return { ...meta, warnings: [...meta.warnings, ...warnings], ...(failed.length > 0 && { failed }) }
}

/** Beside the list, so that it can be compared and printed as a list. */
const withMeta = <Hit>(ranked: RankedHit<Hit>[], meta: RerankResponse['meta'] | undefined): RankedHits<Hit> =>
  Object.defineProperty(ranked, 'meta', { value: meta })

const CHECKS: Checks<RerankHitsOptions<object>> = {
  query: check.anything,
  text: checkField,
  image: checkField,
  id: checkField,
  rerank_field: (value) => (typeof value === 'string' && value !== '' ? undefined : 'the name of a field'),
  top_n: check.top,
  topn: check.top,
  limit: check.amount,
  instruction: check.text,
  max_tokens_per_doc: check.limit,
  signal: check.signal,
  onResult: check.callback,
}

function checkCall<Hit>(reranker: unknown, given: readonly Hit[] | HitLists<Hit>, options: unknown): GivenHits<Hit> {
  if (!isObject(options)) throw invalidRequest("options are missing; write rerankHits(reranker, hits, { query, text: 'title' })")
  if (!isObject(reranker) || !('rerank' in reranker || 'then' in reranker)) throw invalidRequest('the first argument must be a reranker, or a promise of one')
  if (!areHits(given)) throw invalidRequest('hits must be a list, or an object of lists: { title: hits, body: hits }')
  checkFields(options, CHECKS, 'options of rerankHits')
  if (options.query === undefined || options.query === null) throw invalidRequest('query must be provided')
  if (options.rerank_field && typeof options.query === 'string' && options.query.trim() === '') throw invalidRequest('the query is empty')
  const all = hitsOf<Hit>(given)
  const wrong = all.hits.findIndex((hit) => !isObject(hit))
  if (wrong >= 0) throw invalidRequest(`hits[${wrong}] must be an object; for texts, write reranker.rerank({ query, documents })`)
  return all
}

/** Equal scores, and hits without one, keep their order. */
function byScore<Hit>(a: RankedHit<Hit>, b: RankedHit<Hit>): number {
  const [first, second] = [a, b].map(({ score }) => score ?? -Infinity) as [number, number]
  return first === second ? a.index - b.index : second - first
}

/** Opens hits until there are as many distinct ones as the limit says: the id of a handle is known only once it is open. */
async function openUpToLimit<Hit extends object>(hits: readonly Hit[], options: RerankHitsOptions<Hit>, limit: number): Promise<Candidate<Hit>[]> {
  const opened: Candidate<Hit>[] = []
  while (opened.length < hits.length) {
    const missing = Math.ceil(Math.min(limit, MAX_DOCUMENTS) - withoutDuplicates(opened, options.id).length)
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
type Readable<Hit> = Candidate<Hit> & { document: Content }

/** Of hits with the same id, the first that has content is kept. */
function withoutDuplicates<Hit extends object>(items: Candidate<Hit>[], id: RerankHitsOptions<Hit>['id']): Candidate<Hit>[] {
  const ids = items.map(({ entry: { hit, data } }) => (id === undefined ? defaultId(hit) : fieldValue(id, data, hit)) ?? undefined)
  const winners = new Map<unknown, Candidate<Hit>>()
  items.forEach((item, i) => {
    if (!winners.get(ids[i])?.document && (!winners.has(ids[i]) || item.document)) winners.set(ids[i], item)
  })
  return items.filter((item, i) => ids[i] === undefined || winners.get(ids[i]) === item)
}

/** What failed is not empty. */
const isNotEmpty = <Hit>({ entry, document }: Candidate<Hit>) => document !== undefined || entry.error !== undefined

function defaultId(hit: object): unknown {
  const { id, objectID, url } = hit as Record<string, unknown>
  return [id, objectID, url].find((value) => typeof value === 'string' || typeof value === 'number')
}

const fieldsOf = <Hit>({ text, rerank_field }: RerankHitsOptions<Hit>) => [text ?? rerank_field ?? 'text'].flat() as HitField<Hit, string | string[]>[]

/** The fields that hits must have, by the options that name them. Hits of pictures need no text. */
function namedFields<Hit>(options: RerankHitsOptions<Hit>): NamedFields {
  const { text, rerank_field, image, id } = options
  const [given, named] = [text ?? undefined, rerank_field ?? undefined]
  const option = given === undefined && named !== undefined ? 'rerank_field' : 'text'
  return {
    owner: 'hit',
    option,
    text: given === undefined && named === undefined && (image ?? undefined) !== undefined ? [] : fieldsOf(options),
    others: { image, id },
  }
}

/** The content of a hit. What a request would be refused for is the error of its hit alone. */
function contentOf<Hit extends object>(entry: RankedHit<Hit>, options: RerankHitsOptions<Hit>): Content | undefined {
  const { data, hit, index } = entry
  try {
    return contentOfFields({ texts: fieldsOf(options), image: options.image, trim: Boolean(options.rerank_field) }, data, hit, `hits[${index}]`)
  } catch (error) {
    entry.error = unreadable(error)
    return undefined
  }
}

/** The hits that have content, as far as they fit into one request. */
function withinBody<Hit>(kept: Candidate<Hit>[]): Readable<Hit>[] {
  let room = MAX_BATCH_BYTES
  return kept.filter((item): item is Readable<Hit> => {
    const { entry, document } = item
    if (document === undefined) return false
    const bytes = jsonBytes(document)
    if (bytes <= room) {
      room -= bytes
      return true
    }
    entry.error = tooLong(`hits[${entry.index}]`, 'the texts of all hits are too long for one request; give shorter fields, or a lower limit')
    return false
  })
}
