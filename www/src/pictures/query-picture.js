// The picture in the query: its thumbnail beside the search field.
import { $, el, query } from '../dom.js'
import { pixelsOf } from '../items.js'

/** @import { Item } from '../items.js' */

/** The query's picture, if there is one. */
export class QueryPicture {
  /** @type {Item | undefined} */
  item
  #root
  #image

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = $('.query-picture', root)
    this.#image = query('img', HTMLImageElement, this.#root)
  }

  /** @param {Item} item */
  set(item) {
    this.clear()
    this.item = item
    this.#image.hidden = !item.url && !item.sprite
    this.#image.alt = `Picture in the query: ${item.name}`
    this.#drawThumbnail(item)
    this.#root.hidden = false
  }

  clear() {
    this.item = undefined
    this.#root.hidden = true
    this.#image.removeAttribute('src')
  }

  /** @param {Item} item */
  async #drawThumbnail(item) {
    if (item.url) {
      this.#image.src = item.url
      return
    }
    const pixels = await pixelsOf(item)
    const canvas = el('canvas', { width: pixels.width, height: pixels.height })
    canvas.getContext('2d')?.putImageData(pixels, 0, 0)
    if (this.item === item) this.#image.src = canvas.toDataURL()
  }
}
