// Cuts texts into passages at headings and paragraphs, so that a search finds the place and not the file.

/**
 * What is searched.
 *
 * @typedef {object} Passage
 * @property {string} id
 * @property {string} title   headings, outermost first, with ` > ` between them
 * @property {string} text
 * @property {string} [url]   where it can be read
 */

/** A piece of a text: a heading with its level, or a paragraph. @typedef {{ level?: number, text: string }} Block */

/** As many words as the demo's model was trained to read at once. */
export const MOST_WORDS = 180
/** A text longer than this, in letters, is refused. */
export const MOST_LETTERS = 4 << 20
const BLOCKS = 'h1,h2,h3,h4,h5,h6,p,li,pre,dt,dd,td,th,blockquote,figcaption,summary'
const UNREAD = 'script,style,nav,header,footer,aside,template,noscript,svg,form,button'

/** @param {Block[]} blocks @param {string} name  of the text @returns {Passage[]} */
export function passagesOf(blocks, name) {
  /** @type {Passage[]} */
  const passages = []
  /** @type {{ level: number, text: string }[]} */
  let path = []
  /** @type {string[]} */
  let lines = []
  let words = 0
  const close = () => {
    const text = lines.join('\n')
    if (text.trim() !== '') passages.push({ id: `${name}/${passages.length + 1}`, title: [name, ...path.map((heading) => heading.text)].join(' > '), text })
    lines = []
    words = 0
  }
  for (const { level, text } of blocks) {
    if (level !== undefined) {
      close()
      path = [...path.filter((heading) => heading.level < level), { level, text }]
      continue
    }
    for (const part of divided(text)) {
      const count = wordsIn(part)
      if (words > 0 && words + count > MOST_WORDS) close()
      lines.push(part)
      words += count
    }
  }
  close()
  return passages
}

/** The blocks of Markdown or plain text. Blank lines divide paragraphs; `#` begins a heading, but not in code. @param {string} text @returns {Block[]} */
export function blocksOfText(text) {
  /** @type {Block[]} */
  const blocks = []
  /** @type {string[]} */
  let lines = []
  let code = false
  const close = () => {
    if (lines.length > 0) blocks.push({ text: lines.join('\n') })
    lines = []
  }
  for (const line of text.split(/\r\n?|\n/)) {
    if (line.startsWith('```')) code = !code
    const hashes = code ? 0 : headingLevel(line)
    if (hashes > 0) {
      close()
      blocks.push({ level: hashes, text: line.slice(hashes).replaceAll('#', '').trim() })
    } else if (line.trim() === '' && !code) close()
    else lines.push(line)
  }
  close()
  return blocks
}

/** How many `#` begin a line, if they make a heading. @param {string} line */
function headingLevel(line) {
  let level = 0
  while (line[level] === '#') level++
  return level <= 6 && line[level] === ' ' ? level : 0
}

/** The blocks of a page. Nothing in it is run or fetched. @param {string} html @returns {Block[]} */
export function blocksOfHtml(html) {
  const page = new DOMParser().parseFromString(html, 'text/html')
  for (const element of page.querySelectorAll(UNREAD)) element.remove()
  const root = page.querySelector('main, article, [role=main]') ?? page.body
  return [...root.querySelectorAll(BLOCKS)].flatMap((element) => {
    // What is inside of another block is read with that.
    if (element.parentElement?.closest(BLOCKS)) return []
    const text = element.tagName === 'PRE' ? (element.textContent ?? '') : (element.textContent ?? '').replaceAll(/\s+/g, ' ').trim()
    const level = /^H([1-6])$/.exec(element.tagName)?.[1]
    return text === '' ? [] : [level ? { level: Number(level), text } : { text }]
  })
}

/** A paragraph in parts of at most `MOST_WORDS` words. @param {string} text */
function divided(text) {
  if (wordsIn(text) <= MOST_WORDS) return [text]
  const words = text.split(/\s/).filter(Boolean)
  return Array.from({ length: Math.ceil(words.length / MOST_WORDS) }, (_, n) => words.slice(n * MOST_WORDS, (n + 1) * MOST_WORDS).join(' '))
}

/** @param {string} text */
const wordsIn = (text) => text.split(/\s/).filter(Boolean).length
