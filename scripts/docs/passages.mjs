// What the search of the documentation finds: the text below each heading, in pieces that a reader takes in at a glance.
import { headingsOf, plainText } from './markdown.mjs'

/** A piece ends with the paragraph in which it becomes so long. */
const PIECE_LENGTH = 700

/** The passages of a page: `{ id, url, page, heading, text }`. The url leads to the heading, the id differs for each piece below it. */
export function passagesOf({ file, title }, tokens) {
  const headings = headingsOf(tokens, file)
  const passages = []
  let heading
  let texts = []
  const flush = () => {
    const text = texts.join('\n').trim()
    texts = []
    if (heading === undefined || text === '') return
    const url = heading.level === 1 ? file : `${file}#${heading.id}`
    passages.push({ id: `${url} ${passages.length}`, url, page: title, heading: heading.text, text })
  }
  let cells
  for (const [i, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      flush()
      heading = headings.shift()
    } else if (token.type === 'fence') texts.push(token.content.trim())
    else if (token.type === 'tr_open') cells = []
    else if (token.type === 'tr_close') {
      texts.push(cells.filter(Boolean).join(' · '))
      cells = undefined
    } else if (token.type === 'inline' && tokens[i - 1].type !== 'heading_open') (cells ?? texts).push(plainText(token))
    if (token.nesting <= 0 && token.level === 0 && texts.join('\n').length > PIECE_LENGTH) flush()
    // A long table, or list, is divided between its rows.
    if ((token.type === 'tr_close' || token.type === 'list_item_close') && texts.join('\n').length > PIECE_LENGTH) flush()
  }
  flush()
  return passages
}
