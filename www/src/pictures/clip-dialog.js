// Plays a clip from one of its moments, in a dialog.
import { $, motionAllowed, query } from '../dom.js'

/** @import { Item } from '../items.js' */

/** The page's one player. */
export class ClipDialog {
  #dialog = query('#clip', HTMLDialogElement)
  #video = query('video', HTMLVideoElement, this.#dialog)
  /** @type {Item | undefined} */
  #item

  /** @param {{ onSimilar: (item: Item) => void, onRemove: (item: Item) => void }} actions */
  constructor({ onSimilar, onRemove }) {
    const on = (/** @type {string} */ selector, /** @type {(item: Item) => void} */ act) =>
      $(selector, this.#dialog).addEventListener('click', () => {
        const item = this.#item
        this.#dialog.close()
        if (item) act(item)
      })
    on('.clip-similar', onSimilar)
    on('.clip-remove', onRemove)
    on('.clip-close', () => {})
    this.#dialog.addEventListener('close', () => this.#unload())
  }

  /** @param {Item} item  a moment of a clip */
  open(item) {
    if (!item.moment) return
    const { clip, time } = item.moment
    this.#item = item
    $('h2', this.#dialog).textContent = item.name
    this.#video.setAttribute('aria-label', `${clip.name}, from ${item.name}`)
    this.#video.src = clip.url
    this.#video.currentTime = time
    this.#dialog.showModal()
    // A browser that does not let it start leaves that to its controls.
    if (motionAllowed()) this.#video.play().catch(() => {})
  }

  #unload() {
    this.#item = undefined
    this.#video.pause()
    this.#video.removeAttribute('src')
    this.#video.load()
  }
}
