// The two lists side by side: the order of the first pass, and that of the second.
import { card, fill } from './cards.js'
import { $ } from './dom.js'
import { reorder } from './flip.js'

/** Draws what was found, with what is known of each so far. */
export class Columns {
  /** All candidates are shown, not only the first ones. */
  all = false
  #root
  #shown
  #onPicture
  #cards = { before: new Map(), after: new Map() }

  /** `shown`: how many candidates at first; `onPicture(item)`: a picture of the second list was chosen. */
  constructor(root, shown, onPicture) {
    this.#root = root
    this.#shown = shown
    this.#onPicture = onPicture
  }

  /** The first list: keyword hits, then what fills it up. */
  before({ items, hits }) {
    const cards = this.#first(items).map((item, n) => {
      const parts = this.#card('before', item)
      parts.node.classList.toggle('filler', n >= hits)
      fill(parts, { rank: n + 1 })
      parts.score.textContent = n < hits ? 'match' : 'no match'
      return parts.node
    })
    $('.before', this.#root).replaceChildren(...cards)
  }

  /** The second list. While it is `calm`, cards do not say how far they have come: they are still on their way. */
  after({ items }, { scores, failures, calm }) {
    const order = inOrder(items, scores)
    const place = new Map(items.map((item, n) => [item, n + 1]))
    reorder($('.after', this.#root), this.#first(order).map((item, n) => {
      const parts = this.#card('after', item)
      const score = scores.get(item.id)
      const failed = failures.has(item.id) ? 'not read' : undefined
      fill(parts, { rank: n + 1, score, failed, from: calm || score === undefined ? undefined : place.get(item) })
      return parts.node
    }))
    const more = $('.more', this.#root)
    more.hidden = this.all || order.length <= this.#shown
    more.textContent = `Show all ${order.length}`
  }

  #first(items) {
    return this.all ? items : items.slice(0, this.#shown)
  }

  #card(column, item) {
    const cards = this.#cards[column]
    if (!cards.has(item.id)) cards.set(item.id, card(item, column === 'after' ? this.#onPicture : undefined))
    return cards.get(item.id)
  }
}

/** Scored ones first, best on top; the others wait in the order of the first pass. */
export function inOrder(items, scores) {
  const place = new Map(items.map((item, n) => [item, n]))
  const value = (item) => scores.get(item.id) ?? -1
  return [...items].sort((a, b) => value(b) - value(a) || place.get(a) - place.get(b))
}
