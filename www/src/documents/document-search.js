// What the documentation tab searches: Python's documentation and the visitor's own text, each an index, with the same two models.
import { openCollection, PageReranker } from './collection.js'
import { passagesOf } from './split-text.js'

/** @import { SearchHit, SearchIndex, StageUpdate } from '../secondpass/search/index.js' */
/** @import { Model } from '../model.js' */
/** @import { BuiltIndex, LateEmbedder } from './collection.js' */
/** @import { Passage } from './split-text.js' */
/** @import { NamedText } from './text-files.js' */

/** @typedef {SearchHit<Passage>} Hit */
/** @typedef {'built' | 'own'} Source */

export class DocumentSearch {
  /** What is searched. @type {Source} */
  source = 'built'
  #reranker
  /** @type {LateEmbedder | undefined} */
  #embedder
  /** @type {Map<Source, SearchIndex<Passage>>} */
  #indexes = new Map()
  /** @type {Promise<SearchIndex<Passage>> | undefined} */
  #own
  #added = 0

  /** @param {Model} model */
  constructor(model) {
    this.#reranker = new PageReranker(model)
  }

  /** Whether vectors find passages too. */
  get hasVectors() {
    return this.#embedder?.ready ?? false
  }

  /** What the last second pass took. */
  get used() {
    return this.#reranker.used
  }

  /** Whether there is anything to search. */
  get isOpen() {
    return this.#indexes.has(this.source)
  }

  /** How many passages there are of a source; undefined if it is not open. @param {Source} source */
  count(source) {
    return this.#indexes.get(source)?.info.documents
  }

  /** Opens an index that was built ahead. @param {BuiltIndex} built @param {LateEmbedder} embedder */
  async open(built, embedder) {
    this.#embedder = embedder
    const index = await openCollection('built', this.#reranker, embedder)
    try {
      await index.import(built.url)
    } finally {
      // Where only the vectors are missing, keywords find all the same.
      if (index.info.documents > 0) this.#indexes.set('built', index)
      else index.dispose()
    }
  }

  /**
   * Adds texts of the visitor's. Resolves once keywords find them; `vectors` settles when vectors do as well.
   *
   * @param {NamedText[]} texts
   * @param {(done: number, of: number) => void} onVectors
   * @returns {Promise<{ passages: number, vectors: Promise<void> }>}
   */
  async add(texts, onVectors) {
    const passages = texts.flatMap(({ name, blocks }) => passagesOf(blocks, name)).map((passage) => ({ ...passage, id: `${++this.#added}` }))
    if (passages.length === 0) throw new Error('There is no text in it.')
    // Two additions at once share one index.
    this.#own ??= openCollection('own', this.#reranker, this.#embedder).catch((error) => {
      this.#own = undefined
      throw error
    })
    const index = await this.#own
    this.#indexes.set('own', index)
    /** @type {(value: void) => void} */
    let found = () => {}
    const byKeywords = new Promise((/** @type {(value: void) => void} */ resolve) => {
      found = resolve
    })
    const vectors = index.add(passages, {
      onProgress: ({ stage, loaded, total }) => {
        if (stage === 'store' && loaded >= passages.length) found()
        if (stage === 'embed') onVectors(loaded, total)
      },
    })
    await Promise.race([byKeywords, vectors])
    return { passages: passages.length, vectors }
  }

  /** The best by keywords alone. @param {string} query @param {number} limit @param {AbortSignal} signal @returns {Promise<Hit[]>} */
  async keywords(query, limit, signal) {
    const { results } = await this.#index.search(query, { mode: 'keywords', rerank: false, limit, top_n: limit, signal })
    return results
  }

  /**
   * Vectors where there are some, and the second pass. `blend`: the model's order is one of three.
   *
   * @param {string} query
   * @param {{ limit: number, blend: boolean, signal: AbortSignal, onStage: (update: StageUpdate<Passage>) => void }} options
   * @returns {Promise<Hit[]>}
   */
  async rank(query, { limit, blend, signal, onStage }) {
    const mode = this.hasVectors ? 'hybrid' : 'keywords'
    const { results, stages } = await this.#index.search(query, { mode, limit, top_n: limit, blend, signal, onStage })
    const failed = stages.find(({ stage, state }) => stage === 'reranked' && state === 'failed')?.error
    if (failed) throw Object.assign(new Error(failed.message), { code: failed.code })
    return results
  }

  /** Some passages of the documentation, for measurements. @param {number} count @returns {Promise<Passage[]>} */
  async some(count) {
    const found = await this.#indexes
      .get('built')
      ?.search('string list file class', { mode: 'keywords', rerank: false, limit: count, top_n: count, keepEarlier: true })
    return found?.results.map(({ document }) => document) ?? []
  }

  get #index() {
    const index = this.#indexes.get(this.source)
    if (!index) throw new Error('This text is not open.')
    return index
  }
}
