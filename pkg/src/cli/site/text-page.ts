// A plain text as a page: its first line is its title, and paragraphs are its blocks.
import { startOf } from '../../content/text.js'
import type { SitePage } from './html-page.js'
import { MAX_LABEL } from './limits.js'
import { PassageCollector } from './passages.js'

export function readPlainText(text: string): SitePage {
  const collector = new PassageCollector()
  const paragraphs = text.split(/\r?\n[ \t]*\r?\n/).map((each) => each.trim())
  for (const paragraph of paragraphs) if (paragraph !== '') collector.block(paragraph)
  const first = paragraphs.find((each) => each !== '') ?? ''
  return { title: startOf((first.split('\n', 1)[0] ?? '').trim(), MAX_LABEL), passages: collector.end() }
}
