// An HTML page as passages: what is in its main part, without navigation, cut at its headings.
import { Parser } from 'htmlparser2'
import { startOf } from '../../content/text.js'
import { MAX_ELEMENT_DEPTH, MAX_LABEL } from './limits.js'
import { type Passage, PassageCollector } from './passages.js'
import { badFile } from './site-error.js'

/** A page of a site. */
export interface SitePage {
  title: string
  passages: readonly Passage[]
}

/** What no reader takes for the text of a page. */
const SKIPPED = new Set('script style template noscript nav footer svg iframe object embed canvas audio video select datalist dialog button title'.split(' '))
/** What surrounds a page; within its main part the same elements are part of it. */
const SURROUNDING = new Set(['header', 'aside'])
const SKIPPED_ROLES = new Set(['navigation', 'banner', 'contentinfo', 'search', 'menu', 'menubar', 'toolbar', 'dialog', 'alertdialog'])
/** Between these a line ends. */
const BLOCKS = new Set(
  'address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure form h1 h2 h3 h4 h5 h6 header hr legend li main menu ol optgroup option p pre search section summary table tbody tfoot thead tr ul'.split(
    ' ',
  ),
)
const CELLS = new Set(['td', 'th'])
/** Signs of links that lead to the heading which they are in. */
const PERMALINKS = new Set('#¶§🔗⚓∞'.normalize())

/** Reads a page; undefined for one that asks not to be indexed. */
export function readHtml(html: string, file: string): SitePage | undefined {
  const reader = new PageReader(file)
  const parser = new Parser(reader, { decodeEntities: true, lowerCaseTags: true, lowerCaseAttributeNames: true, recognizeSelfClosing: false })
  parser.write(html)
  parser.end()
  return reader.page()
}

interface OpenElement {
  name: string
  skipped: boolean
  region: 'main' | 'article' | undefined
}

interface OpenHeading {
  level: number
  text: string
  anchor: string
  depth: number
}

class PageReader {
  readonly #file: string
  readonly #open: OpenElement[] = []
  /** The same page as a whole, without what is outside its articles, and without what is outside its main part. */
  readonly #regions = { body: new PassageCollector(), article: new PassageCollector(), main: new PassageCollector() }
  readonly #depths = { article: 0, main: 0 }
  #skipping = 0
  #noindex = false
  #documentTitle = ''
  #inTitle = false
  #block = ''
  #preformatted = 0
  #heading: OpenHeading | undefined
  /** The id of an element that has begun and has no text yet: the next heading may be what it names. */
  #pendingId = ''

  constructor(file: string) {
    this.#file = file
  }

  onopentag(name: string, attributes: Record<string, string>): void {
    if (this.#open.length >= MAX_ELEMENT_DEPTH) throw badFile(this.#file, `its elements are more than ${MAX_ELEMENT_DEPTH} deep in each other`)
    if (name === 'title' && this.#skipping === 0 && this.#documentTitle === '') this.#inTitle = true
    if (name === 'meta' && /^(robots|secondpass)$/i.test(attributes.name ?? '') && /\b(noindex|none)\b/i.test(attributes.content ?? '')) this.#noindex = true
    const skipped = this.#skips(name, attributes)
    const region = name === 'main' || attributes.role === 'main' ? 'main' : name === 'article' ? 'article' : undefined
    if (BLOCKS.has(name)) this.#endBlock()
    this.#open.push({ name, skipped, region })
    if (skipped) this.#skipping++
    if (this.#skipping > 0) return
    if (region) this.#depths[region]++
    if (name === 'pre') this.#preformatted++
    if (CELLS.has(name)) this.ontext(' ')
    const id = attributes.id || (name === 'a' ? attributes.name : '') || ''
    if (this.#heading) this.#heading.anchor ||= id
    else if (id !== '') this.#pendingId = id
    if (name === 'img' && attributes.alt) this.ontext(` ${attributes.alt} `)
    const level = levelOf(name)
    if (level > 0) {
      this.#endHeading()
      this.#heading = { level, text: '', anchor: id || this.#pendingId, depth: this.#open.length }
      this.#pendingId = ''
    }
  }

  ontext(text: string): void {
    if (this.#inTitle) this.#documentTitle += text
    if (this.#skipping > 0) return
    if (this.#heading) this.#heading.text += text
    else {
      this.#block += text
      if (this.#pendingId !== '' && text.trim() !== '') this.#pendingId = ''
    }
  }

  onclosetag(): void {
    const element = this.#open.pop()
    if (!element) return
    const { name, skipped, region } = element
    if (name === 'title') this.#inTitle = false
    if (this.#heading && this.#open.length < this.#heading.depth) this.#endHeading()
    if (BLOCKS.has(name)) this.#endBlock()
    if (this.#skipping === 0) {
      if (region) this.#depths[region]--
      if (name === 'pre') this.#preformatted--
    }
    if (skipped) this.#skipping--
  }

  page(): SitePage | undefined {
    this.#endHeading()
    this.#endBlock()
    if (this.#noindex) return undefined
    const { body, article, main } = this.#regions
    const chosen = !main.isEmpty ? main : !article.isEmpty ? article : body
    const title = chosen.title || startOf(oneLine(this.#documentTitle), MAX_LABEL)
    return { title, passages: chosen.end() }
  }

  #skips(name: string, { role, hidden, 'aria-hidden': ariaHidden }: Record<string, string>): boolean {
    if (SKIPPED.has(name) || hidden !== undefined || ariaHidden === 'true') return true
    if (role !== undefined && SKIPPED_ROLES.has(role.toLowerCase())) return true
    return SURROUNDING.has(name) && this.#depths.main === 0 && this.#depths.article === 0
  }

  #endHeading(): void {
    const heading = this.#heading
    this.#heading = undefined
    if (!heading) return
    const text = withoutPermalink(startOf(oneLine(heading.text), MAX_LABEL))
    if (text !== '') for (const region of this.#here()) region.heading(heading.level, text, heading.anchor)
  }

  #endBlock(): void {
    if (this.#heading) {
      // A heading of several lines.
      this.#heading.text += ' '
      return
    }
    const text = this.#preformatted > 0 ? this.#block.replaceAll('\r\n', '\n').trimEnd() : oneLine(this.#block)
    this.#block = ''
    if (text.trim() !== '') for (const region of this.#here()) region.block(text)
  }

  #here(): PassageCollector[] {
    const { body, article, main } = this.#regions
    return [body, ...(this.#depths.article > 0 ? [article] : []), ...(this.#depths.main > 0 ? [main] : [])]
  }
}

const levelOf = (name: string) => (name.length === 2 && name[0] === 'h' && name[1] !== undefined && name[1] >= '1' && name[1] <= '6' ? Number(name[1]) : 0)

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim()

function withoutPermalink(text: string): string {
  const characters = [...text]
  while (characters.length > 0 && (PERMALINKS.has(characters.at(-1) as string) || characters.at(-1) === ' ')) characters.pop()
  return characters.join('')
}
