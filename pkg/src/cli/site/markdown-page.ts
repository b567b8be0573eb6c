// A page of Markdown: turned into HTML, with the anchors that GitHub and most generators of sites give to headings, and read as that.
import MarkdownIt from 'markdown-it'
import { startOf } from '../../content/text.js'
import { HeadingAnchors } from './heading-anchors.js'
import { readHtml, type SitePage } from './html-page.js'
import { MAX_LABEL } from './limits.js'

const markdown = new MarkdownIt({ html: true })

export function readMarkdown(source: string, file: string): SitePage | undefined {
  const { title, body } = withoutFrontMatter(source)
  const tokens = markdown.parse(body, {})
  const anchors = new HeadingAnchors()
  tokens.forEach((token, i) => {
    if (token.type !== 'heading_open') return
    const text = (tokens[i + 1]?.children ?? []).map(({ type, content }) => (type === 'text' || type === 'code_inline' ? content : '')).join('')
    token.attrSet('id', anchors.next(text))
  })
  const page = readHtml(markdown.renderer.render(tokens, markdown.options, {}), file)
  return page && title !== '' ? { ...page, title } : page
}

/** YAML between two lines of hyphens at the start, of which only a plain title is read. */
function withoutFrontMatter(source: string): { title: string; body: string } {
  const lines = source.split(/\r?\n/)
  const end = lines[0]?.trimEnd() === '---' ? lines.findIndex((line, i) => i > 0 && line.trimEnd() === '---') : -1
  if (end < 0) return { title: '', body: source }
  const line = lines.slice(1, end).find((each) => each.startsWith('title:'))
  return { title: startOf(unquoted(line?.slice('title:'.length).trim() ?? ''), MAX_LABEL), body: lines.slice(end + 1).join('\n') }
}

function unquoted(text: string): string {
  const quote = text[0]
  if (text.length < 2 || (quote !== '"' && quote !== "'") || text.at(-1) !== quote) return text
  return text.slice(1, -1)
}
