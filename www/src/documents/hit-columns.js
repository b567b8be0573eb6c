// The two lists of passages side by side: by keywords, and after the second pass.
import { $ } from '../dom.js'
import { reorder } from '../flip.js'
import { createHitCard, updateHitCard } from './hit-cards.js'

/** @import { Hit, Source } from './document-search.js' */
/** @import { HitCard } from './hit-cards.js' */

/** How many passages are shown at first. */
export const SHOWN = 10

/** Draws the hits that are known so far. */
export class HitColumns {
  /** Whether all are shown. */
  all = false
  #root
  /** Cards by column and passage, so that a passage keeps its element when it moves. */
  #cards = { before: /** @type {Map<string, HitCard>} */ (new Map()), after: /** @type {Map<string, HitCard>} */ (new Map()) }

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root
  }

  /**
   * `settled`: the order on the right is final. `answered`: its best is taken for an answer.
   *
   * @param {Hit[]} before
   * @param {Hit[]} after
   * @param {{ source: Source, settled: boolean, answered: boolean }} state
   */
  draw(before, after, { source, settled, answered }) {
    const card = (/** @type {'before' | 'after'} */ column, /** @type {Hit} */ hit, /** @type {number} */ n) => {
      const cards = this.#cards[column]
      const key = `${source}:${hit.id}`
      const found = cards.get(key) ?? createHitCard(hit.document)
      cards.set(key, found)
      const isAfter = column === 'after'
      updateHitCard(found, hit, { rank: n + 1, why: isAfter, best: isAfter && n === 0 && settled && answered, settled })
      return found.node
    }
    $('.after', this.#root).classList.toggle('unanswered', !answered)
    $('.before', this.#root).replaceChildren(...this.#visible(before).map((hit, n) => card('before', hit, n)))
    reorder(
      $('.after', this.#root),
      this.#visible(after).map((hit, n) => card('after', hit, n)),
    )
    const more = $('.more', this.#root)
    more.hidden = this.all || after.length <= SHOWN
    more.textContent = `Show all ${after.length}`
  }

  /** @param {Hit[]} hits */
  #visible(hits) {
    return this.all ? hits : hits.slice(0, SHOWN)
  }
}
