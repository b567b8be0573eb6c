// One search: keywords and vectors, fused, then reranked, with results after each stage.
import type { Content } from '../content/types.js'
import type { EmbedderLike } from '../embedder-like.js'
import type { RerankerLike } from '../reranker-like.js'
import { Candidates } from './candidates.js'
import { contentOf, textAt, textOfQuery } from './document-fields.js'
import { embed } from './embed-inputs.js'
import type { IndexLayout } from './index-options.js'
import type { IndexTable } from './index-table.js'
import type { KeywordIndex } from './keywords.js'
import { MAX_CANDIDATES } from './limits.js'
import { badRequest, rerankHits, SecondpassError } from './main-entry.js'
import type { SearchHit, SearchOptions, SearchResponse, SearchStage, StageReport } from './search-types.js'

/** What a search works with. */
export interface SearchParts {
  table: IndexTable
  layout: IndexLayout
  /** The keyword index, once it is loaded. */
  keywords(signal: AbortSignal): Promise<KeywordIndex>
  /** Undefined where there is none. */
  embedder: ((signal?: AbortSignal) => Promise<EmbedderLike>) | undefined
  reranker: ((signal?: AbortSignal) => Promise<RerankerLike>) | undefined
  /** How many vectors are not made yet. */
  missing(): number
}

/** Partial results of the reranker are shown at most so often, in milliseconds. */
const PARTIAL_MS = 50
const [DEFAULT_LIMIT, DEFAULT_TOP_N] = [50, 10]

export class SearchRun<Document extends object> {
  readonly #parts: SearchParts
  readonly #query: Content
  readonly #options: SearchOptions<Document>
  readonly #signal: AbortSignal
  readonly #limit: number
  readonly #topN: number
  readonly #began = performance.now()
  readonly #candidates: Candidates<Document>
  readonly #accepted = new Map<number, boolean>()
  readonly #reports: StageReport[] = []
  readonly #warnings: string[] = []

  constructor(parts: SearchParts, query: Content, options: SearchOptions<Document>, signal: AbortSignal) {
    this.#parts = parts
    this.#query = query
    this.#options = options
    this.#signal = signal
    this.#limit = options.limit ?? DEFAULT_LIMIT
    this.#topN = options.top_n ?? options.topn ?? DEFAULT_TOP_N
    for (const [name, value] of [
      ['limit', this.#limit],
      ['top_n', this.#topN],
    ] as const) {
      if (!(Number.isInteger(value) && value > 0 && value <= MAX_CANDIDATES)) throw badRequest(`${name}: a whole number from 1 to ${MAX_CANDIDATES}`)
    }
    const { mode = 'hybrid', vectors } = options
    if (!['hybrid', 'keywords', 'vectors'].includes(mode)) throw badRequest('mode: hybrid, keywords or vectors')
    if (mode === 'vectors' && !parts.embedder) throw badRequest("mode 'vectors' needs an embedder; the index was opened without one")
    if (options.rerank && !parts.reranker) throw badRequest('rerank needs a reranker; the index was opened without one')
    const unknown = vectors?.find((name) => !parts.layout.vectors.some((known) => known.name === name))
    if (unknown !== undefined) throw badRequest(`vectors: the index has no vector field "${unknown}"`)
    this.#candidates = new Candidates(parts.table, parts.layout.id, options.blend ?? false)
  }

  async run(): Promise<SearchResponse<Document>> {
    const { mode = 'hybrid', rerank = true } = this.#options
    // The embedder computes, in its worker or on its server, while keywords are looked up here.
    const { embedder, reranker } = this.#parts
    const vector = mode === 'keywords' || !embedder ? undefined : this.#queryVector(embedder)
    vector?.catch(() => {})
    await this.#stage('keywords', mode !== 'vectors' && (() => this.#keywords()))
    await this.#stage('vectors', vector && (() => this.#vectors(vector)))
    const tried = this.#reports.filter(({ state }) => state !== 'skipped')
    if (tried.every(({ state }) => state === 'failed')) throw this.#failure
    await this.#stage('reranked', rerank && reranker && (() => this.#rerank(reranker)))
    return { results: this.#results(), stages: this.#reports, warnings: this.#warnings }
  }

  #failure: unknown

  /** Runs a stage and shows what is known after it. A stage that fails is reported; the others go on without it. */
  async #stage(stage: SearchStage, work: (() => Promise<number>) | false | undefined): Promise<void> {
    if (!work) {
      this.#reports.push({ stage, state: 'skipped', found: 0, ms: this.#elapsed() })
      return
    }
    try {
      const found = await work()
      this.#signal.throwIfAborted()
      this.#reports.push({ stage, state: 'done', found, ms: this.#elapsed() })
      this.#show(stage, true)
    } catch (error) {
      this.#signal.throwIfAborted()
      this.#failure = error
      const { message } = error as Error
      this.#reports.push({
        stage,
        state: 'failed',
        found: 0,
        ms: this.#elapsed(),
        error: { code: error instanceof SecondpassError ? error.code : 'unknown', message },
      })
      this.#warnings.push(`The stage "${stage}" failed: ${message}`)
    }
  }

  async #keywords(): Promise<number> {
    const keywords = await this.#parts.keywords(this.#signal)
    if (keywords.behind > 0) this.#warnings.push(`${keywords.behind} documents are not indexed for keywords yet.`)
    const matches = keywords.search(textOfQuery(this.#query), (key) => this.#accepts(this.#parts.table.rowOf(key))).slice(0, this.#limit)
    this.#candidates.addKeywords(matches)
    return matches.length
  }

  async #queryVector(source: NonNullable<SearchParts['embedder']>): Promise<Float32Array> {
    const embedder = await source(this.#signal)
    const { instruction } = this.#options
    const { vectors, failed } = await embed(
      embedder,
      [this.#query],
      { input_type: 'query', instruction, dimensions: this.#parts.layout.dimensions },
      this.#signal,
    )
    const [vector] = vectors
    if (!vector) throw failed.get(0)
    return vector
  }

  async #vectors(query: Promise<Float32Array>): Promise<number> {
    const vector = await query
    const { table } = this.#parts
    const missing = this.#parts.missing()
    if (missing > 0) this.#warnings.push(`${missing} vectors are not made yet.`)
    const { vectors: wanted } = this.#options
    for (const column of table.columns) {
      if ((wanted && !wanted.includes(column.name)) || column.count === 0) continue
      if (column.print?.dimensions !== vector.length) {
        throw new SecondpassError(
          'bad_response',
          502,
          `The query's vector has ${vector.length} numbers, those of the field "${column.name}" ${column.print?.dimensions}.`,
        )
      }
      const nearest = await column.nearest(vector, this.#limit, (row) => this.#accepts(row), this.#signal)
      // A document may have been removed while the event loop had its turn.
      this.#candidates.addVectors(
        column.name,
        nearest.flatMap(({ row, score }) => {
          const stored = table.at(row)
          return stored ? { key: stored.key, score } : []
        }),
      )
    }
    return this.#candidates.inVectors
  }

  async #rerank(reranker: NonNullable<SearchParts['reranker']>): Promise<number> {
    const { rerank_field: field, instruction } = this.#options
    const candidates = this.#candidates.fused().slice(0, this.#limit)
    const readable = candidates.map((candidate) => {
      const content = field === undefined ? contentOf(candidate.document, this.#parts.layout.rerank) : textAt(candidate.document, field)
      return { key: candidate.key, ...(typeof content === 'string' ? { text: content } : (content as { text?: string; image?: string[] })) }
    })
    const wanted = field === undefined ? readable : readable.filter(({ text }) => text !== undefined && text !== '')
    if (field !== undefined) this.#candidates.keepOnly(new Set(wanted.map(({ key }) => key)))
    if (wanted.length === 0) return 0
    let shown = performance.now()
    const ranked = await rerankHits(reranker(this.#signal), wanted, {
      query: this.#query,
      id: ({ key }) => key,
      text: ({ text }) => text,
      image: ({ image }) => image,
      limit: wanted.length,
      signal: this.#signal,
      ...(instruction !== undefined && { instruction }),
      onResult: ({ hit, score }) => {
        if (score === undefined || this.#signal.aborted) return
        this.#candidates.addReranked(hit.key, score)
        if (performance.now() - shown < PARTIAL_MS) return
        shown = performance.now()
        this.#show('reranked', false)
      },
    })
    for (const { hit, score, error } of ranked) {
      if (score !== undefined) this.#candidates.addReranked(hit.key, score)
      if (error !== undefined) this.#candidates.addError(hit.key, error)
    }
    return ranked.filter(({ score }) => score !== undefined).length
  }

  #accepts(row: number | undefined): boolean {
    const { filter } = this.#options
    if (row === undefined || !filter) return row !== undefined
    const known = this.#accepted.get(row)
    if (known !== undefined) return known
    const accepted = Boolean(filter(this.#parts.table.document(row) as Document))
    this.#accepted.set(row, accepted)
    return accepted
  }

  #results(): SearchHit<Document>[] {
    return this.#candidates.results().slice(0, this.#topN)
  }

  #show(stage: SearchStage, done: boolean): void {
    this.#options.onStage?.({ stage, done, results: this.#results(), ms: this.#elapsed() })
  }

  #elapsed(): number {
    return performance.now() - this.#began
  }
}
