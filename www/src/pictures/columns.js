// The two result lists side by side: first-pass order and second-pass order.

import { $ } from '../dom.js'
import { reorder } from '../flip.js'
import { createCard, updateCard } from './cards.js'

/** @import { Card } from './cards.js' */
/** @import { Candidates } from './first-pass.js' */
/** @import { Item } from '../items.js' */

/** Draws the candidates and what is known of each so far. */
export class Columns {
  /** Whether all candidates are shown, not only the first `shown`. */
  all = false
  #root
  #shown
  #actions
  /** Cards are kept by item id, so that an item keeps its element when it moves. */
  #cards = { before: /** @type {Map<string, Card>} */ (new Map()), after: /** @type {Map<string, Card>} */ (new Map()) }

  /**
   * @param {HTMLElement} root
   * @param {number} shown  how many candidates are shown at first
   * @param {{ onPicture: (item: Item) => void, onPlay: (item: Item) => void, onRemove: (item: Item) => void }} actions
   */
  constructor(root, shown, actions) {
    this.#root = root
    this.#shown = shown
    this.#actions = actions
  }

  /** Draws the first list: keyword hits, then what fills it up. @param {Candidates} candidates */
  drawFirst({ items, hits, typed }) {
    const cards = this.#visible(items).map((item, n) => {
      const card = this.#card('before', item)
      card.node.classList.toggle('filler', typed && n >= hits)
      updateCard(card, { rank: n + 1 })
      card.score.textContent = !typed ? '' : n < hits ? 'match' : 'no match'
      return card.node
    })
    $('.before', this.#root).replaceChildren(...cards)
  }

  /**
   * Draws the second list. While the search is `running`, cards do not show how far they moved, since they still move. What scores below
   * the `threshold` is more often wrong than right, and is shown on request only; that was not measured on the user's own items.
   *
   * @param {Candidates} candidates
   * @param {{ scores: Map<string, number>, failures: Map<string, string>, running: boolean, threshold: number }} state
   */
  drawSecond({ items }, { scores, failures, running, threshold }) {
    const all = byScore(items, scores)
    const complete = !running && scores.size > 0
    const order = complete && !this.all ? all.filter(({ id, userAdded }) => userAdded || (scores.get(id) ?? 0) >= threshold) : all
    const firstRank = new Map(items.map((item, n) => [item, n + 1]))
    reorder(
      $('.after', this.#root),
      this.#visible(order).map((item, n) => {
        const card = this.#card('after', item)
        const score = scores.get(item.id)
        const failed = failures.has(item.id) ? 'not read' : undefined
        updateCard(card, { rank: n + 1, score, failed, firstRank: running || score === undefined ? undefined : firstRank.get(item) })
        return card.node
      }),
    )
    const more = $('.more', this.#root)
    more.hidden = this.all || (order.length === all.length && all.length <= this.#shown)
    more.textContent = `Show all ${all.length}`
  }

  /** Drops an item's cards. @param {Item} item */
  remove(item) {
    for (const cards of Object.values(this.#cards)) cards.delete(item.id)
  }

  /** @param {Item[]} items */
  #visible(items) {
    return this.all ? items : items.slice(0, this.#shown)
  }

  /** @param {'before' | 'after'} column @param {Item} item */
  #card(column, item) {
    const cards = this.#cards[column]
    let card = cards.get(item.id)
    if (!card) {
      const { onPicture, onPlay, onRemove } = this.#actions
      card = createCard(item, { onSimilar: column === 'after' ? onPicture : undefined, onPlay, onRemove })
      cards.set(item.id, card)
    }
    return card
  }
}

/** Scored items first, best on top; the others follow in first-pass order. @param {Item[]} items @param {Map<string, number>} scores */
export function byScore(items, scores) {
  const value = (/** @type {Item} */ item) => scores.get(item.id) ?? -1
  // The sort is stable, so ties keep the first-pass order.
  return [...items].sort((a, b) => value(b) - value(a))
}
