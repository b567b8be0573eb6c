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
  #actions
  #cards = { before: new Map(), after: new Map() }

  /** `shown`: how many candidates at first; `onPicture(item)`: a picture of the second list was chosen; `onRemove(item)`: one of the reader's own is to go. */
  constructor(root, shown, actions) {
    this.#root = root
    this.#shown = shown
    this.#actions = actions
  }

  /** The first list: keyword hits, then what fills it up. Without words there is nothing that could match. */
  before({ items, hits, typed }) {
    const cards = this.#first(items).map((item, n) => {
      const parts = this.#card('before', item)
      parts.node.classList.toggle('filler', typed && n >= hits)
      fill(parts, { rank: n + 1 })
      parts.score.textContent = !typed ? '' : n < hits ? 'match' : 'no match'
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

  /** Moves the keyboard's focus to a card of the second list, by its place. */
  focus(place) {
    const card = $('.after', this.#root).children[place]
    const target = $('button', card) ?? card
    if (target === card) card.tabIndex = -1
    target.focus({ preventScroll: true })
  }

  /** Forgets an item's cards. */
  remove(item) {
    for (const cards of Object.values(this.#cards)) cards.delete(item.id)
  }

  #first(items) {
    return this.all ? items : items.slice(0, this.#shown)
  }

  #card(column, item) {
    const cards = this.#cards[column]
    if (!cards.has(item.id)) cards.set(item.id, card(item, { onSimilar: column === 'after' ? this.#actions.onPicture : undefined, onRemove: this.#actions.onRemove }))
    return cards.get(item.id)
  }
}

/** Scored ones first, best on top; the others wait in the order of the first pass. */
export function inOrder(items, scores) {
  const place = new Map(items.map((item, n) => [item, n]))
  const value = (item) => scores.get(item.id) ?? -1
  return [...items].sort((a, b) => value(b) - value(a) || place.get(a) - place.get(b))
}
