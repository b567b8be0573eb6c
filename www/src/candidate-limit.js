// How many candidates the second pass reads: a default for each kind of model, until the user chooses.
import { el, query } from './dom.js'

/** The default with the user's own weights, which may need a second for each candidate. */
const USER_MODEL_LIMIT = 20

/** The `<select>` with the number of candidates. */
export class CandidateLimit {
  #select
  #limits
  /** Whether the user has chosen; no default replaces that. */
  #chosen = false
  /** The fewest that a default may be. */
  #least = USER_MODEL_LIMIT

  /** @param {HTMLElement} root @param {number[]} limits  ascending; `Infinity` means all @param {() => void} onChange */
  constructor(root, limits, onChange) {
    this.#limits = limits
    this.#select = query('.limit', HTMLSelectElement, root)
    this.#select.append(...limits.map((n) => el('option', { value: String(n) }, n === Infinity ? 'all' : String(n))))
    this.#select.value = String(limits.at(-1))
    this.#select.addEventListener('change', () => {
      this.#chosen = true
      onChange()
    })
  }

  /** Sets it without asking. @param {number} value */
  set(value) {
    this.#select.value = String(value)
  }

  get value() {
    return Number(this.#select.value)
  }

  /** Shows how many candidates “all” means. @param {number} total */
  showTotal(total) {
    const last = this.#select.options[this.#select.options.length - 1]
    if (last) last.textContent = `all ${total}`
  }

  /** Lets defaults be as many as that: a clip is read whole, or its end is never found. @param {number} count */
  include(count) {
    this.#least = Math.max(this.#least, count)
    if (!this.#chosen) this.#select.value = String(Math.max(this.value, this.#enough()))
  }

  /** The smallest choice that is enough, and never all of a large collection. */
  #enough() {
    return Math.min(this.#limits.find((limit) => limit >= this.#least) ?? Infinity, ...this.#limits.slice(-2))
  }

  /** All candidates for a fast model, few for the user's own. @param {boolean} fast */
  setDefault(fast) {
    if (!this.#chosen) this.#select.value = String(fast ? this.#limits.at(-1) : this.#enough())
  }
}
