// A clip that the user gave, and which of its moments are in the collection.

/** @import { Item } from './items.js' */

/** A file that plays as long as any of its moments is in the collection. */
export class UserClip {
  /** @type {Set<string>} */
  #moments = new Set()

  /** @param {File} file */
  constructor(file) {
    this.name = file.name.replace(/\.[^.]+$/, '').replaceAll(/[_-]+/g, ' ') || 'clip'
    this.url = URL.createObjectURL(file)
  }

  /** @param {Item} item */
  keep({ id }) {
    this.#moments.add(id)
  }

  /** @param {Item} item */
  release({ id }) {
    this.#moments.delete(id)
    if (this.#moments.size === 0) URL.revokeObjectURL(this.url)
  }
}
