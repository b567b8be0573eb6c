// The documents of an index, file by file: passages of pages, and documents of JSON as they are.
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { MAX_DOCUMENT_BYTES } from '../../search/limits.js'
import { readHtml, type SitePage } from './html-page.js'
import { MAX_JSON_BYTES, MAX_PAGE_BYTES } from './limits.js'
import { readMarkdown } from './markdown-page.js'
import { pageAddress } from './page-address.js'
import { badFile } from './site-error.js'
import type { SiteFile } from './site-files.js'
import { readPlainText } from './text-page.js'

/** What the documents of pages have beside their id; `--fields` may name them. */
export const PAGE_FIELDS = ['title', 'heading', 'text'] as const

export interface DocumentOptions {
  /** The field that identifies a document. */
  id: string
  baseUrl: string
}

/** A document, and where it is from. */
export interface SiteDocument {
  document: Record<string, unknown>
  file: string
}

export async function* documentsOf(file: SiteFile, options: DocumentOptions): AsyncGenerator<SiteDocument> {
  if (file.kind === 'lines') yield* linesOf(file.path)
  else if (file.kind === 'json') yield* jsonOf(file.path)
  else yield* passagesOf(file, options)
}

async function* passagesOf({ path, kind, place }: SiteFile, { id, baseUrl }: DocumentOptions): AsyncGenerator<SiteDocument> {
  const text = await readUtf8(path, MAX_PAGE_BYTES)
  const page: SitePage | undefined = kind === 'html' ? readHtml(text, path) : kind === 'markdown' ? readMarkdown(text, path) : readPlainText(text)
  if (!page) return
  const title = page.title || basename(path)
  const address = pageAddress(place, baseUrl)
  const counts = new Map<string, number>()
  for (const { headings, anchor, text } of page.passages) {
    const url = anchor === '' ? address : `${address}#${encodeURIComponent(anchor)}`
    const count = (counts.get(url) ?? 0) + 1
    counts.set(url, count)
    const path = headings[0] === title ? headings.slice(1) : headings
    // Of a section that became several passages, the later ones have a number behind the address.
    const key = count === 1 ? url : `${url}~${count}`
    yield { file: place, document: { [id]: key === '' ? '/' : key, url, title, heading: path.join(' › '), text } }
  }
}

async function* jsonOf(path: string): AsyncGenerator<SiteDocument> {
  const value = parsed(await readUtf8(path, MAX_JSON_BYTES), path)
  const list = Array.isArray(value) ? value : (value as { documents?: unknown } | null)?.documents
  if (!Array.isArray(list)) throw badFile(path, 'it must be a list of documents, or an object with such a list as "documents"')
  for (const [i, document] of list.entries()) yield { file: path, document: asDocument(document, `${path}, document ${i + 1}`) }
}

async function* linesOf(path: string): AsyncGenerator<SiteDocument> {
  let number = 0
  for await (const line of lines(path)) {
    number++
    if (line.trim() !== '') yield { file: path, document: asDocument(parsed(line, `${path}, line ${number}`), `${path}, line ${number}`) }
  }
}

/** The lines of a file. One without an end is refused before it fills the memory. */
async function* lines(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (bytes?: Uint8Array) => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined })
    } catch {
      throw badFile(path, 'it is not UTF-8; save it as UTF-8')
    }
  }
  let rest = ''
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const [first = '', ...others] = decode(chunk).split('\n')
    rest += first
    for (const next of others) {
      yield rest
      rest = next
    }
    if (rest.length > MAX_DOCUMENT_BYTES) throw badFile(path, `a line has more than ${MAX_DOCUMENT_BYTES} characters, the most that a document has`)
  }
  yield rest + decode()
}

function asDocument(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw badFile(place, 'a document is a JSON object')
}

function parsed(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw badFile(place, `it is not JSON: ${(error as Error).message}`)
  }
}

async function readUtf8(path: string, limit: number): Promise<string> {
  const { size } = await stat(path)
  if (size > limit) throw badFile(path, `it has ${size} bytes; the limit is ${limit}`)
  const bytes = await readFile(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw badFile(path, 'it is not UTF-8; save it as UTF-8')
  }
}
