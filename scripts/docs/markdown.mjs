// A page's Markdown as HTML, with anchors at its headings and links that lead to the pages of the site.
import { readFileSync } from 'node:fs'
import MarkdownIt from 'markdown-it'
import { anchor } from '../check-links.mjs'
import { fail } from '../lib.mjs'

const parser = new MarkdownIt({ html: false })

/** A cell with more characters is a sentence. */
const LONG_CELL = 34
/** A picture that is wider would be too small to read on a phone; there it is scrolled. */
const WIDE_PICTURE = 700

/** The tokens of a page. Comments are for people who edit it, not for readers. */
export const parse = (text) => parser.parse(text.replaceAll(/^<!--.*?-->\n/gms, ''), {})

/** The headings among a page's tokens: `{ level, id, text }`. */
export function headingsOf(tokens, name) {
  const headings = tokens
    .map(
      (token, i) => token.type === 'heading_open' && { level: Number(token.tag.slice(1)), text: plainText(tokens[i + 1]), id: anchor(tokens[i + 1].content) },
    )
    .filter(Boolean)
  const twice = headings.find(({ id }, i) => headings.findIndex((other) => other.id === id) !== i)
  if (twice) fail(`${name} has two headings "${twice.text}", which would have the same anchor.`)
  return headings
}

/** What a reader sees of a token with text. */
export const plainText = ({ children, content }) =>
  (children ?? [{ type: 'text', content }])
    .map(({ type, content }) => (type === 'softbreak' || type === 'hardbreak' ? ' ' : ['text', 'code_inline'].includes(type) ? content : ''))
    .join('')

/**
 * The HTML of a page's tokens. `linkTo` gives the address on the site of a link in the source, or undefined for what is not on the
 * site, of which only the text remains; `placePicture` puts a picture onto the site and gives its address.
 */
export function render(tokens, { linkTo, placePicture }) {
  for (const { children } of tokens) if (children) mendLinks(children, linkTo)
  return parser.renderer.render(tokens, { ...parser.options }, { placePicture })
}

function mendLinks(children, linkTo) {
  let gone = false
  for (const token of children) {
    if (token.type === 'link_open') {
      const address = linkTo(token.attrGet('href'))
      gone = address === undefined
      if (!gone) token.attrSet('href', address)
    }
    // An empty text in its place: other tokens keep their positions.
    if (gone && ['link_open', 'link_close'].includes(token.type)) {
      if (token.type === 'link_close') gone = false
      Object.assign(token, { type: 'text', tag: '', nesting: 0, content: '' })
    }
  }
}

const { rules } = parser.renderer
const { escapeHtml } = parser.utils

rules.heading_open = (tokens, i) => `<${tokens[i].tag} id="${anchor(tokens[i + 1].content)}">`
rules.heading_close = (tokens, i) => {
  const { content } = tokens[i - 1]
  const link = ` <a class="anchor" href="#${anchor(content)}" aria-label="Link to “${escapeHtml(plainText(tokens[i - 1]))}”">#</a>`
  return `${tokens[i].tag === 'h1' ? '' : link}</${tokens[i].tag}>\n`
}
rules.fence = (tokens, i) => {
  const [language] = tokens[i].info.trim().split(/\s+/)
  const kind = language ? ` class="language-${escapeHtml(language)}"` : ''
  return `<div class="code"><pre><code${kind}>${escapeHtml(tokens[i].content)}</code></pre></div>\n`
}
rules.table_open = () => '<div class="scroll"><table>\n'
// A column of sentences must not become as narrow as its longest word.
rules.td_open = (tokens, i) => (plainText(tokens[i + 1]).length > LONG_CELL ? '<td class="long">' : '<td>')
rules.table_close = () => '</table></div>\n'
rules.image = (tokens, i, _options, { placePicture }) => {
  const { file, address } = placePicture(tokens[i].attrGet('src'))
  const [, width, height] =
    /viewBox="0 0 (\d+) (\d+)"/.exec(readFileSync(file, 'utf8')) ?? fail(`${file} is no SVG with a viewBox, from which the page would take its size.`)
  return `<img src="${escapeHtml(address)}" alt="${escapeHtml(tokens[i].content)}" width="${width}" height="${height}"${width > WIDE_PICTURE ? ' class="wide"' : ''} />`
}
