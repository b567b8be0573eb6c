// The anchors that GitHub gives to the headings of a Markdown file.

/** Neither part of a word, as Unicode defines that, nor a space or a hyphen: not ² and ½, but Ⅷ and Ⓐ are. */
const REMOVED = /[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\- ]/gu

/** Those of one file, in which no two are equal. */
export class HeadingAnchors {
  /** Every anchor that was given, with the last number behind it. */
  readonly #given = new Map<string, number>()

  /** The anchor of the next heading: in small letters, without punctuation, with hyphens for spaces. */
  next(heading: string): string {
    const plain = heading.toLowerCase().replace(REMOVED, '').replaceAll(' ', '-')
    let count = this.#given.get(plain) ?? 0
    let anchor = plain
    while (this.#given.has(anchor)) anchor = `${plain}-${++count}`
    this.#given.set(plain, count)
    if (anchor !== plain) this.#given.set(anchor, 0)
    return anchor
  }
}
