// The first pass: keyword search with MiniSearch.
import MiniSearch from 'minisearch'

/** @import { Item } from '../items.js' */

/**
 * @typedef {object} Candidates
 * @property {Item[]} items   keyword hits, best first, then other items
 * @property {number} hits    how many of them are keyword hits
 * @property {boolean} typed  whether the query had any text
 */

const STOP_WORDS = new Set(
  'a an and are at for from how i in into is it its my of off on or that the these this to was what when where which who why with you your'.split(' '),
)

/** Finds candidates for the second pass. */
export class FirstPass {
  #index = new MiniSearch({
    fields: ['name', 'keywords', 'text'],
    processTerm: (term) => (STOP_WORDS.has(term.toLowerCase()) ? null : term.toLowerCase()),
    searchOptions: { prefix: (term) => term.length > 2, fuzzy: (term) => (term.length > 4 ? 0.2 : false), boost: { name: 2 } },
  })
  /** @type {Map<string, Item>} */
  #items = new Map()

  /** @param {Item[]} items */
  add(items) {
    for (const item of items) {
      this.#items.set(item.id, item)
      this.#index.add({ id: item.id, name: item.name, keywords: item.keywords.join(' '), text: item.text ?? '' })
    }
  }

  /** @param {Item} item */
  remove(item) {
    this.#items.delete(item.id)
    this.#index.discard(item.id)
  }

  /** All items, in the order in which they came. */
  get all() {
    return [...this.#items.values()]
  }

  /** The number of items. */
  get size() {
    return this.#items.size
  }

  /**
   * Keyword hits, filled up to `limit` with the rest of the collection (the user's own items first), since a relevant
   * item need not share a word with the query.
   *
   * @param {string} query
   * @param {number} limit
   * @returns {Candidates}
   */
  candidates(query, limit) {
    const typed = query.trim() !== ''
    const hits = typed
      ? this.#index
          .search(query)
          .flatMap(({ id }) => this.#items.get(id) ?? [])
          .slice(0, limit)
      : []
    const found = new Set(hits)
    const rest = [...this.#items.values()].filter((item) => !found.has(item))
    rest.sort((a, b) => Number(b.userAdded) - Number(a.userAdded))
    return { items: [...hits, ...rest.slice(0, limit - hits.length)], hits: hits.length, typed }
  }
}
