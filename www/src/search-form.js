// The form of a search: the query, the button that takes Cancel's place, examples, and where problems are shown.
import { $, el, input } from './dom.js'
import { swapControls } from './focus.js'

/** @import { Phase } from './model.js' */

/**
 * @typedef {object} FormActions
 * @property {() => void} onSearch    on Enter, and when an example was chosen
 * @property {() => void} onType
 * @property {() => void} onCancel    while it is busy
 * @property {() => void} onRetry     load the model again
 * @property {() => void} [onExample] before an example's search
 */

/** The form and the lines around it, in a copy of one of the templates. */
export class SearchForm {
  #root
  #busy = false

  /** @param {HTMLElement} root @param {string[]} examples @param {FormActions} actions */
  constructor(root, examples, { onSearch, onType, onCancel, onRetry, onExample = () => {} }) {
    this.#root = root
    $('.examples', root).append(...examples.map((example) => el('li', {}, el('button', { type: 'button', className: 'example' }, example))))
    $('.search', root).addEventListener('submit', (event) => {
      event.preventDefault()
      onSearch()
    })
    this.input.addEventListener('input', () => onType())
    this.input.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.#busy) return
      event.preventDefault()
      onCancel()
    })
    $('.cancel', root).addEventListener('click', () => onCancel())
    $('.again', root).addEventListener('click', () => onRetry())
    $('.examples', root).addEventListener('click', ({ target }) => {
      if (!(target instanceof Element) || !target.matches('.example')) return
      onExample()
      this.input.value = target.textContent ?? ''
      onSearch()
    })
  }

  get input() {
    return input('.query', this.#root)
  }

  get text() {
    return this.input.value.trim()
  }

  /** Shows what went wrong. @param {string} text */
  problem(text) {
    $('.problem', this.#root).textContent = text
  }

  /** Shows whether the second pass runs. @param {boolean} busy */
  showBusy(busy) {
    this.#busy = busy
    const [go, cancel] = [$('.go', this.#root), $('.cancel', this.#root)]
    if (busy) swapControls(cancel, go)
    else swapControls(go, cancel)
    $('.after', this.#root).setAttribute('aria-busy', String(busy))
  }

  /** Moves the focus to the button that is there. */
  focusButton() {
    $('.go:not([hidden]), .cancel:not([hidden])', this.#root).focus({ preventScroll: true })
  }

  /** The lines that tell what was found, and the button for a model that is not there. @param {{ notice: string, first: string, second: string, phase: Phase | undefined }} lines */
  caption({ notice, first, second, phase }) {
    $('.notice', this.#root).textContent = notice
    $('.first .caption', this.#root).textContent = first
    $('.second .caption', this.#root).textContent = second
    $('.again', this.#root).hidden = phase !== 'failed' && phase !== 'none'
    $('.again', this.#root).textContent = phase === 'none' ? 'Load the model' : 'Try again'
  }
}
