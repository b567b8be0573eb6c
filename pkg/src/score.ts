// Scores of pairs, as vLLM's `/score` gives them: over anything that reranks.
import { type Check, checkFields, isObject } from './checks.js'
import { REQUEST_CHECKS } from './content/request.js'
import { readContent } from './content/schema.js'
import type { Content } from './content/types.js'
import { invalidRequest } from './errors.js'
import type { RerankerLike } from './reranker-like.js'
import type { RerankControl, RerankRequest, RerankResponse } from './types.js'

/** The body of `/score`: one query with one or many documents, or as many queries as documents, in pairs. */
export interface ScoreRequest extends Omit<RerankRequest, 'query' | 'documents' | 'top_n' | 'return_documents'> {
  /** The queries. */
  text_1: Content | readonly Content[]
  /** The documents. */
  text_2: Content | readonly Content[]
}

/** The score of one pair. */
export interface ScoreResult {
  object: 'score'
  /** The pair's position in the request. */
  index: number
  /** 0 to 1, unless the request asks for `raw_scores`. */
  score: number
  /** What the model's head gave. Absent if a server does not report it. */
  logit?: number
}

/** Progress and cancellation of a request for scores. */
export interface ScoreControl extends Omit<RerankControl, 'onResult'> {
  /** Called with each score as soon as it exists. */
  onResult?: (result: ScoreResult) => void
}

/** The answer of `/score`. */
export interface ScoreResponse {
  id: string
  object: 'list'
  /** Seconds since 1970. */
  created: number
  model: string
  /** In the order of the pairs. */
  data: ScoreResult[]
  usage: RerankResponse['usage']
  /** `failed` has the pairs without a score. */
  meta: RerankResponse['meta']
}

/** Documents with one query, and which pairs they are. */
interface Group {
  query: Content
  documents: Content[]
  pairs: number[]
}

/** As many documents as one request takes. */
const MOST_DOCUMENTS = 1000
/** So many requests at a time: each keeps a worker busy, and a server should not be given a thousand. */
const AT_ONCE = 4

const anything: Check = () => undefined
const { query: _query, documents: _documents, top_n: _top, return_documents: _return, ...FIELDS } = REQUEST_CHECKS
const SCORE_CHECKS: Record<string, Check> = { text_1: anything, text_2: anything, ...FIELDS }

/** Scores pairs. Pairs with the same query share one request. */
export async function scorePairs(reranker: RerankerLike, request: ScoreRequest, { signal, onResult, strict }: ScoreControl = {}): Promise<ScoreResponse> {
  const { groups, fields } = readPairs(request)
  const stop = new AbortController()
  const abort = () => stop.abort(signal?.reason)
  if (signal?.aborted) throw signal.reason
  signal?.addEventListener('abort', abort, { once: true })
  const run = ({ query, documents, pairs }: Group) =>
    reranker.rerank(
      { ...fields, query, documents },
      {
        signal: stop.signal,
        ...(strict && { strict }),
        ...(onResult && { onResult: ({ index, ...result }) => onResult(asScore(pairs[index] as number, result)) }),
      },
    )
  try {
    return joined(groups, await limited(groups, run))
  } catch (error) {
    // The others would compute for nobody.
    stop.abort(error)
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

const asScore = (index: number, { relevance_score: score, logit }: { relevance_score: number; logit?: number }): ScoreResult => ({
  object: 'score',
  index,
  score,
  ...(logit !== undefined && { logit }),
})

function readPairs(request: unknown): { groups: Group[]; fields: Omit<ScoreRequest, 'text_1' | 'text_2'> } {
  if (!isObject(request)) throw invalidRequest('the request must be an object: score({ text_1, text_2 })')
  const { text_1, text_2, ...fields } = request
  for (const [name, value] of Object.entries({ text_1, text_2 })) if (value === undefined || value === null) throw invalidRequest(`${name} must be provided`)
  checkFields(request, SCORE_CHECKS, 'requests for scores', 'similar')
  const [queries, documents] = [listOf(text_1, 'text_1'), listOf(text_2, 'text_2')]
  if (queries.length > 1 && queries.length !== documents.length) {
    throw invalidRequest(`text_1 has ${queries.length} and text_2 ${documents.length} entries; give one of text_1, or as many as of text_2`)
  }
  return { groups: grouped(queries, documents), fields }
}

/** One side of the pairs. What no model reads is refused here, before any pair is scored, and by its place in the request. */
function listOf(value: unknown, name: string): Content[] {
  const list: unknown[] = Array.isArray(value) ? Array.from(value) : [value]
  if (list.length === 0) throw invalidRequest(`${name} must not be an empty list`)
  for (const [i, item] of list.entries()) readContent(item, Array.isArray(value) ? `${name}[${i}]` : name, (picture) => picture)
  return list as Content[]
}

function grouped(queries: Content[], documents: Content[]): Group[] {
  const groups: Group[] = []
  const open = new Map<Content, Group>()
  for (const [pair, document] of documents.entries()) {
    const query = (queries.length === 1 ? queries[0] : queries[pair]) as Content
    let group = open.get(query)
    if (!group || group.documents.length === MOST_DOCUMENTS) {
      group = { query, documents: [], pairs: [] }
      groups.push(group)
      open.set(query, group)
    }
    group.documents.push(document)
    group.pairs.push(pair)
  }
  return groups
}

/** Runs work over a list, some of it at a time; the results in the order of the list. */
async function limited<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const take = async () => {
    while (next < items.length) {
      const at = next++
      results[at] = await work(items[at] as Item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, take))
  return results
}

function joined(groups: Group[], responses: RerankResponse[]): ScoreResponse {
  const [{ id, model, meta: first }] = responses as [RerankResponse]
  const sum = (of: (response: RerankResponse) => number) => responses.reduce((all, response) => all + of(response), 0)
  const each = <Value>(of: (response: RerankResponse, pairOf: (index: number) => number) => Value[]) =>
    responses.flatMap((response, i) => of(response, (index) => (groups[i] as Group).pairs[index] as number))
  const failed = each(({ meta }, pairOf) => (meta.failed ?? []).map((failure) => ({ ...failure, index: pairOf(failure.index) })))
  const names = ['tokenize_ms', 'vision_ms', 'compute_ms', 'total_ms'] as const
  return {
    id: id.replace(/^rerank/, 'score'),
    object: 'list',
    created: Math.floor(Date.now() / 1000),
    model,
    data: each(({ results }, pairOf) => results.map(({ index, ...result }) => asScore(pairOf(index), result))).sort((a, b) => a.index - b.index),
    usage: { prompt_tokens: sum(({ usage }) => usage.prompt_tokens), total_tokens: sum(({ usage }) => usage.total_tokens) },
    meta: {
      device: first.device,
      cached_tokens: sum(({ meta }) => meta.cached_tokens),
      timings: Object.fromEntries(names.map((name) => [name, sum(({ meta }) => meta.timings[name])])) as RerankResponse['meta']['timings'],
      warnings: [...new Set(responses.flatMap(({ meta }) => meta.warnings))],
      ...(failed.length > 0 && { failed: failed.sort((a, b) => a.index - b.index) }),
    },
  }
}
