// Text under headings, cut into passages: what a search finds, and a link leads to.
import { startOf } from '../../content/text.js'
import { MAX_LABEL, PASSAGE_CHARACTERS } from './limits.js'

/** A part of a page. */
export interface Passage {
  /** The headings above it, outermost first. */
  headings: string[]
  /** The id of the element that a link leads to; empty at the start of a page. */
  anchor: string
  text: string
}

/** Collects the text of one region of a page. */
export class PassageCollector {
  readonly passages: Passage[] = []
  /** The first heading of the first level. */
  title = ''
  /** Headings by their levels. */
  #path: (string | undefined)[] = []
  #anchor = ''
  #blocks: string[] = []
  #size = 0
  #headings = 0

  get isEmpty(): boolean {
    return this.passages.length === 0 && this.#size === 0 && this.#headings === 0
  }

  /** A heading begins a passage. */
  heading(level: number, text: string, anchor: string): void {
    this.#flush()
    this.#headings++
    const label = startOf(text, MAX_LABEL)
    if (level === 1 && this.title === '') this.title = label
    this.#path = this.#path.slice(0, level)
    this.#path[level] = label
    // A heading that no link can lead to belongs to the one before it. Of an anchor a part leads nowhere.
    if (anchor !== '' && anchor.length <= MAX_LABEL) this.#anchor = anchor
    else if (level === 1) this.#anchor = ''
  }

  /** A paragraph, or another block. */
  block(text: string): void {
    for (const part of parts(text)) {
      if (this.#size > 0 && this.#size + part.length > PASSAGE_CHARACTERS) this.#flush()
      this.#blocks.push(part)
      this.#size += part.length
    }
  }

  /** What was collected. A page of headings alone is found by them. */
  end(): readonly Passage[] {
    this.#flush()
    if (this.passages.length === 0 && this.#headings > 0) this.passages.push(this.#passage(''))
    return this.passages
  }

  #flush(): void {
    if (this.#blocks.length > 0) this.passages.push(this.#passage(this.#blocks.join('\n')))
    this.#blocks = []
    this.#size = 0
  }

  #passage(text: string): Passage {
    return { headings: this.#path.filter((heading): heading is string => heading !== undefined && heading !== ''), anchor: this.#anchor, text }
  }
}

/** A block that is longer than a passage, cut where a line or a word ends. */
function* parts(text: string): Generator<string> {
  let rest = text.trim()
  while (rest.length > PASSAGE_CHARACTERS) {
    const head = startOf(rest, PASSAGE_CHARACTERS)
    const half = PASSAGE_CHARACTERS / 2
    const end = [head.lastIndexOf('\n'), head.lastIndexOf('. ') + 1, head.lastIndexOf(' ')].find((at) => at > half) ?? head.length
    yield rest.slice(0, end).trim()
    rest = rest.slice(end).trim()
  }
  if (rest !== '') yield rest
}
