// The candidates of one search: where each stage put them, and their order so far.
import { valueAt } from './document-fields.js'
import { BLEND_K, fuse } from './fusion.js'
import type { IndexTable } from './index-table.js'
import type { KeywordMatch } from './keywords.js'
import type { SearchHit } from './search-types.js'

/** A candidate that is there. */
export interface Candidate {
  key: string
  document: object
  score: number
}

interface Place {
  rank: number
  score: number
}

export class Candidates<Document extends object> {
  readonly #table: IndexTable
  readonly #id: string
  readonly #blend: boolean
  readonly #keywords = new Map<string, Place & { words: string[] }>()
  readonly #vectors = new Map<string, Map<string, Place>>()
  readonly #reranked = new Map<string, number>()
  readonly #errors = new Map<string, unknown>()
  #only: ReadonlySet<string> | undefined
  #fused: Candidate[] | undefined

  /** `blend`: the reranked order is fused with the others instead of taking their place. */
  constructor(table: IndexTable, id: string, blend = false) {
    this.#table = table
    this.#id = id
    this.#blend = blend
  }

  addKeywords(matches: readonly KeywordMatch[]): void {
    this.#fused = undefined
    matches.forEach(({ key, score, words }, i) => this.#keywords.set(key, { rank: i + 1, score, words }))
  }

  addVectors(field: string, nearest: readonly { key: string; score: number }[]): void {
    this.#fused = undefined
    this.#vectors.set(field, new Map(nearest.map(({ key, score }, i) => [key, { rank: i + 1, score }])))
  }

  /** How many there are by vectors. */
  get inVectors(): number {
    return new Set([...this.#vectors.values()].flatMap((places) => [...places.keys()])).size
  }

  addReranked(key: string, score: number): void {
    this.#reranked.set(key, score)
  }

  addError(key: string, error: unknown): void {
    this.#errors.set(key, error)
  }

  /** Leaves the others out. */
  keepOnly(keys: ReadonlySet<string>): void {
    this.#only = keys
  }

  /** In the order of the fused ranks. Documents that were removed meanwhile are gone. */
  fused(): Candidate[] {
    this.#fused ??= fuse([this.#keywords, ...this.#vectors.values()].map((places) => [...places.keys()])).flatMap(({ key, score }) => {
      const row = this.#table.rowOf(key)
      return row === undefined ? [] : { key, score, document: this.#table.document(row) }
    })
    return this.#fused
  }

  /** Those with a score of the reranker first, the others behind in the order of the fused ranks; blended, all in one order. */
  results(): SearchHit<Document>[] {
    const fused = this.fused().map((candidate, i) => ({ ...candidate, rank: i + 1, reranked: this.#reranked.get(candidate.key) }))
    const only = this.#only
    const wanted = only ? fused.filter(({ key }) => only.has(key)) : fused
    const byReranker = [...wanted].sort((a, b) => (b.reranked ?? -Infinity) - (a.reranked ?? -Infinity) || a.rank - b.rank)
    const read = byReranker.filter(({ reranked }) => reranked !== undefined).map(({ key }) => key)
    const places = new Map(read.map((key, i) => [key, i + 1]))
    const blended = this.#blend && read.length > 0 ? this.#blended(read) : undefined
    const order = blended ? [...wanted].sort((a, b) => (blended.get(b.key) ?? 0) - (blended.get(a.key) ?? 0)) : byReranker
    return order.map(({ key, document, score, rank, reranked }) => {
      const keywords = this.#keywords.get(key)
      const found = [...this.#vectors].flatMap(([field, places]) => {
        const place = places.get(key)
        return place ? [{ field, ...place }] : []
      })
      const vectors = found.length > 0 && { rank: Math.min(...found.map(({ rank }) => rank)), score: Math.max(...found.map(({ score }) => score)) }
      const error = this.#errors.get(key)
      return {
        id: valueAt(document, this.#id) as string | number,
        document: document as Document,
        score: blended?.get(key) ?? reranked ?? score,
        ranks: {
          ...(keywords && { keywords: keywords.rank }),
          ...(vectors && { vectors: vectors.rank }),
          fused: rank,
          ...(reranked !== undefined && { reranked: places.get(key) ?? 0 }),
        },
        scores: {
          ...(keywords && { keywords: keywords.score }),
          ...(vectors && { vectors: vectors.score }),
          fused: score,
          ...(reranked !== undefined && { reranked }),
        },
        fields: Object.fromEntries(found.map(({ field, rank }) => [field, rank])),
        words: keywords?.words ?? [],
        ...(error !== undefined && { error }),
      }
    })
  }

  /** The sums of reciprocal ranks over keywords, vectors and the reranked order. */
  #blended(read: readonly string[]): Map<string, number> {
    const lists = [this.#keywords, ...this.#vectors.values()].map((places) => [...places.keys()])
    return new Map(fuse([...lists, read], BLEND_K).map(({ key, score }) => [key, score]))
  }
}
