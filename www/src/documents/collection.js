// What the documentation tab searches: Python's documentation, indexed ahead, and the visitor's own text. Both are a `SearchIndex`.
import { library, searchLibrary } from '../library.js'
import { FIELDS } from './fields.js'

/** @import { RerankControl, RerankRequest, RerankResponse } from '../../../pkg/src/index.js' */
/** @import { EmbedderLike, SearchIndex } from '../../../pkg/src/search/index.js' */
/** @import { Model } from '../model.js' */
/** @import { Passage } from './split-text.js' */

/** An index that was built ahead, as `model/demo.json` describes it. @typedef {{ url: string, embedder: string, identity: string, passages: number }} BuiltIndex */

/** Makes vectors. It is loaded when the page is idle, and until then only keywords find. @implements {EmbedderLike} */
export class LateEmbedder {
  /** Whether vectors can be made. */
  ready = false
  #url
  /** @type {Promise<EmbedderLike> | undefined} */
  #loading

  /** @param {BuiltIndex} index */
  constructor({ embedder, identity }) {
    this.#url = embedder
    this.info = { identity }
  }

  /** Loads the model, once. */
  load() {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  async #load() {
    const { Embedder } = await library()
    // The service worker stores it.
    const embedder = await Embedder.load({ model: this.#url, cache: false })
    this.ready = embedder.info.identity === this.info.identity
    if (!this.ready) throw new Error('The index was built with another model, so its vectors are of no use.')
    return embedder
  }

  /** @type {EmbedderLike['embed']} */
  async embed(request, control) {
    return (await this.load()).embed(request, control)
  }
}

/** Reranks with the model that the page has loaded, and counts what that takes. */
export class PageReranker {
  #model
  /** Of the search that runs or ran last. */
  used = { documents: 0, tokens: 0, compute_ms: 0 }

  /** @param {Model} model */
  constructor(model) {
    this.#model = model
  }

  /** @param {RerankRequest} request @param {RerankControl} [control] @returns {Promise<RerankResponse>} */
  async rerank(request, control) {
    const used = (this.used = { documents: 0, tokens: 0, compute_ms: 0 })
    const reranker = await this.#model.ready(control?.signal ?? new AbortController().signal)
    const response = await reranker.rerank(request, control)
    used.documents = response.results.length
    used.tokens = response.usage.total_tokens
    used.compute_ms = response.meta.timings.compute_ms
    return response
  }
}

/**
 * @param {string} name
 * @param {PageReranker} reranker
 * @param {LateEmbedder | undefined} embedder
 * @returns {Promise<SearchIndex<Passage>>}
 */
export async function openCollection(name, reranker, embedder) {
  const { SearchIndex } = await searchLibrary()
  // In memory: the file of a built index is kept by the service worker, and the visitor's own text is not kept at all.
  return SearchIndex.open(name, { fields: FIELDS, storage: 'memory', reranker, ...(embedder && { embedder }) })
}
