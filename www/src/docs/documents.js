// The documentation as an index to search: opened at the first use, reranked by the demo's model where the visitor wants it.
import { SearchIndex } from '../secondpass/search/index.js'
import { FIELDS } from './fields.js'
import { keep, kept } from './kept.js'

/** @import { SearchResponse, StageUpdate } from '../secondpass/search/index.js' */

/**
 * A piece of a page, below one of its headings.
 *
 * @typedef {{ id: string, url: string, page: string, heading: string, text: string }} Passage
 */

/** The folder of the documentation. */
const HERE = new URL('./', import.meta.url)
/** How many passages the model reads for a query, and how many are given. */
const [READ, GIVEN] = [20, 12]

/** The searchable documentation. `progress` events tell what a load of the model does, in `message`. */
export class Documents extends EventTarget {
  /** @type {Promise<SearchIndex<Passage>> | undefined} */
  #index
  /** @type {Promise<{ reranker: { url: string, bytes: number } | null }> | undefined} */
  #about
  /** What a load of the model does. */
  message = ''

  /** The model that may rank, and whether this browser has it; undefined if the site has none. */
  async reranker() {
    const { reranker } = await this.#description()
    if (!reranker) return undefined
    const url = new URL(reranker.url, HERE)
    return { url, bytes: reranker.bytes, isStored: await isStored(url) }
  }

  /**
   * @param {string} query
   * @param {{ rerank: boolean, signal: AbortSignal, onStage: (update: StageUpdate<Passage>) => void }} options
   * @returns {Promise<SearchResponse<Passage>>}
   */
  async search(query, options) {
    const index = await this.#open()
    return index.search(query, { limit: READ, top_n: GIVEN, ...options })
  }

  #description() {
    this.#about ??= fetchJson(new URL('search.json', HERE)).catch((error) => {
      this.#about = undefined
      throw error
    })
    return this.#about
  }

  #open() {
    this.#index ??= this.#load().catch((error) => {
      this.#index = undefined
      throw error
    })
    return this.#index
  }

  async #load() {
    const index = await SearchIndex.open('secondpass documentation', {
      fields: FIELDS,
      storage: 'memory',
      rerank: { text: ['page', 'heading', 'text'] },
      reranker: () => this.#loadReranker(),
    })
    await index.import(new URL('search.sp', HERE))
    return /** @type {SearchIndex<Passage>} */ (index)
  }

  async #loadReranker() {
    const reranker = await this.reranker()
    if (!reranker) throw new Error('This site has no model.')
    const { Reranker } = await import('../secondpass/index.js')
    return Reranker.load(
      // What the service worker keeps for the demo need not be stored a second time.
      { model: reranker.url, ...(reranker.isStored === 'service worker' && { cache: false }) },
      {
        onProgress: ({ overall }) => {
          this.message = `${overall.label}: ${Math.floor(100 * overall.fraction)} %`
          this.dispatchEvent(new Event('progress'))
        },
      },
    )
  }
}

/** @param {URL} url */
async function fetchJson(url) {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} could not be fetched: its host answered ${response.status}.`)
  return response.json()
}

const STORED_KEY = 'secondpass docs: stored model'

/** Where this browser has the model, if it does. @param {URL} url */
async function isStored(url) {
  if (kept(STORED_KEY) === url.href) return 'package'
  // A service worker's key is the address with the hash of its content behind it.
  const cached = 'caches' in globalThis && navigator.serviceWorker?.controller && (await caches.match(url, { ignoreSearch: true }))
  return cached ? 'service worker' : undefined
}

/** Remembers that the package has stored the model, so that it is used on the next page without being asked for. @param {URL} url */
export const rememberStored = (url) => keep(STORED_KEY, url.href)
