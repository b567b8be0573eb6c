// The keyword index: MiniSearch over the documents of a table, kept up to date in small steps.
import MiniSearch, { type Options, type SearchOptions } from 'minisearch'
import { turn } from '../turn.js'
import { printOfFields } from './keyword-file.js'
import { normalizeWord, tokenize } from './words.js'

/** What a keyword index reads. */
export interface KeywordSource {
  readonly keys: Iterable<string>
  readonly size: number
  /** The text of a field; undefined if there is no such document. */
  text(key: string, field: string): string
  has(key: string): boolean
}

/** A document that matches. */
export interface KeywordMatch {
  key: string
  score: number
  /** The words of the document that matched, in the form in which they are compared. */
  words: string[]
}

/** Documents are indexed for so many milliseconds before the event loop gets a turn. */
const SLICE_MS = 8
/** A word that is this long may differ from the query's in a fifth of its letters. */
const FUZZY_LENGTH = 5
/** With fewer matches than this, similar words are looked for as well. */
const FEW = 10

export class KeywordIndex {
  readonly #source: KeywordSource
  readonly #options: Options<string>
  readonly #boost: Record<string, number>
  #index: MiniSearch<string>
  readonly #stale = new Set<string>()
  #work: Promise<void> = Promise.resolve()

  constructor(source: KeywordSource, fields: Readonly<Record<string, number>>) {
    this.#source = source
    this.#boost = { ...fields }
    this.#options = {
      fields: Object.keys(fields),
      idField: '',
      extractField: (key, field) => (field === '' ? key : source.text(key, field)),
      tokenize,
      processTerm: (term) => normalizeWord(term) || null,
    }
    this.#index = new MiniSearch(this.#options)
  }

  /** What an index of these fields depends on beside the documents. */
  get print(): string {
    return printOfFields(this.#options.fields ?? [])
  }

  /** Notes that a document was added, changed or removed. */
  touch(key: string): void {
    this.#stale.add(key)
  }

  /** How many documents are not indexed as they are now. */
  get behind(): number {
    return this.#stale.size
  }

  /** Indexes what has changed, in slices. Resolves when nothing is left. */
  catchUp(onIndexed?: (left: number) => void): Promise<void> {
    return (this.#work = this.#work.then(() => this.#indexStale(onIndexed)))
  }

  /** The index as bytes; undefined while it is behind. */
  save(): string | undefined {
    return this.#stale.size === 0 ? JSON.stringify(this.#index) : undefined
  }

  /** Takes a saved index over, and indexes only the documents that `changed` names or that differ in number. */
  async load(json: string, changed: Iterable<string>): Promise<void> {
    await turn()
    let index: MiniSearch<string>
    try {
      index = MiniSearch.loadJSON(json, this.#options)
      // A foreign file may have the form of an index and fail when it is searched.
      index.search('a', { prefix: true })
    } catch {
      return this.rebuild()
    }
    this.#stale.clear()
    for (const key of changed) this.#stale.add(key)
    this.#index = index
    let surplus = index.documentCount
    for (const key of this.#source.keys) {
      if (index.has(key)) surplus--
      else this.#stale.add(key)
    }
    for (const key of this.#stale) if (index.has(key) && !this.#source.has(key)) surplus--
    // Documents that the log knows nothing of any more.
    if (surplus > 0) return this.rebuild()
  }

  /** Forgets all; the next `catchUp` indexes every document. */
  rebuild(): void {
    this.#index = new MiniSearch(this.#options)
    this.#stale.clear()
    for (const key of this.#source.keys) this.#stale.add(key)
  }

  /**
   * Best first. The last word may be the beginning of one, since it may be still being typed. Words that are misspelt are looked for
   * only where the query as it stands finds little: it takes ten times as long, and similar words are seldom meant otherwise.
   */
  search(query: string, accepts: (key: string) => boolean): KeywordMatch[] {
    const options: SearchOptions = {
      boost: this.#boost,
      prefix: (_, i, terms) => i === terms.length - 1,
      filter: ({ id }) => this.#source.has(id) && accepts(id),
    }
    const exact = this.#index.search(query, options)
    const found = exact.length >= FEW ? exact : this.#index.search(query, { ...options, fuzzy: (term) => (term.length >= FUZZY_LENGTH ? 0.2 : false) })
    return found.map(({ id, score, terms }) => ({ key: id, score, words: terms }))
  }

  async #indexStale(onIndexed?: (left: number) => void): Promise<void> {
    let until = performance.now() + SLICE_MS
    for (const key of this.#stale) {
      this.#stale.delete(key)
      if (this.#index.has(key)) this.#index.discard(key)
      if (this.#source.has(key)) this.#index.add(key)
      if (performance.now() < until) continue
      onIndexed?.(this.#stale.size)
      await turn()
      until = performance.now() + SLICE_MS
    }
    onIndexed?.(0)
  }
}
