// The search that everybody has already: words that match, best first.
import MiniSearch from 'minisearch'

// Words that say nothing about what is meant.
const COMMON = new Set('a an and are at for from how i in into is it its my of off on or that the these this to was what when where which who why with you your'.split(' '))

/** Finds candidates for the second pass. */
export class FirstPass {
  #index = new MiniSearch({
    fields: ['name', 'keywords', 'text'],
    processTerm: (term) => (COMMON.has(term.toLowerCase()) ? null : term.toLowerCase()),
    searchOptions: { prefix: (term) => term.length > 2, fuzzy: (term) => (term.length > 4 ? 0.2 : false), boost: { name: 2 } },
  })
  #items = new Map()

  /** Adds items; the reader's own come before all others where candidates are filled up. */
  add(items) {
    for (const item of items) {
      this.#items.set(item.id, item)
      this.#index.add({ id: item.id, name: item.name, keywords: item.keywords.join(' '), text: item.text ?? '' })
    }
  }

  /** Forgets an item. */
  remove(item) {
    this.#items.delete(item.id)
    this.#index.discard(item.id)
  }

  /** How many there are. */
  get size() {
    return this.#items.size
  }

  /** Hits first; where they are too few, the rest of the collection, since a word need not match what is meant. */
  candidates(query, limit) {
    const hits = query.trim() === '' ? [] : this.#index.search(query).map(({ id }) => this.#items.get(id)).slice(0, limit)
    const found = new Set(hits)
    const rest = [...this.#items.values()].filter((item) => !found.has(item))
    rest.sort((a, b) => Number(b.own) - Number(a.own))
    return { items: [...hits, ...rest.slice(0, limit - hits.length)], hits: hits.length, typed: query.trim() !== '' }
  }
}
