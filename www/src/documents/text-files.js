// Files of text that the visitor gave: which can be read, and the limits of that.
import { bytes, errorText, plural } from '../dom.js'
import { blocksOfHtml, blocksOfText } from './split-text.js'

/** @import { Block } from './split-text.js' */
/** @typedef {{ name: string, blocks: Block[] }} NamedText */

/** What is read of one file, of all together, and how many there may be: the page holds them in memory. */
export const [MOST_FILE_BYTES, MOST_BYTES, MOST_FILES] = [4 << 20, 32 << 20, 2000]
const SHOWN_PROBLEMS = 5

/** @param {File} file */
export const isTextFile = ({ type, name }) => /^text\//.test(type) || /\.(txt|md|markdown|rst|html?)$/i.test(name)

/**
 * Reads files one after the other. What cannot be read, and what is left out, is said in sentences.
 *
 * @param {File[]} files
 * @returns {Promise<{ texts: NamedText[], problems: string[] }>}
 */
export async function readTexts(files) {
  /** @type {NamedText[]} */
  const texts = []
  /** @type {string[]} */
  const problems = []
  let total = 0
  for (const [n, file] of files.entries()) {
    if (n >= MOST_FILES || total + file.size > MOST_BYTES) {
      problems.push(
        `Of ${plural(files.length, 'file')} the first ${n} were read: at most ${MOST_FILES.toLocaleString('en')}, and ${bytes(MOST_BYTES)} together.`,
      )
      break
    }
    try {
      texts.push({ name: file.webkitRelativePath || file.name, blocks: await blocksOf(file) })
      total += file.size
    } catch (error) {
      problems.push(errorText(error))
    }
  }
  const more = problems.length - SHOWN_PROBLEMS
  return { texts, problems: more > 0 ? [...problems.slice(0, SHOWN_PROBLEMS), `${plural(more, 'other file')} could not be read either.`] : problems }
}

/** @param {File} file @returns {Promise<Block[]>} */
async function blocksOf(file) {
  if (!isTextFile(file)) throw new Error(`“${file.name}” is no text, Markdown or HTML file.`)
  if (file.size > MOST_FILE_BYTES) throw new Error(`“${file.name}” has ${bytes(file.size)}; texts of at most ${bytes(MOST_FILE_BYTES)} are read.`)
  const text = await file.text()
  const blocks = /html/.test(file.type) || /\.html?$/i.test(file.name) ? blocksOfHtml(text) : blocksOfText(text)
  if (blocks.length === 0) throw new Error(`“${file.name}” is empty.`)
  return blocks
}
