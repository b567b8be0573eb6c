// `secondpass index`: a build step of a site.
import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { prepare, textAt, valueAt } from '../search/document-fields.js'
import type { Arguments, CommandSpec } from './arguments.js'
import { PROMPT_OPTIONS, promptsOf } from './embed-command.js'
import { fieldsOf } from './fields-argument.js'
import { LOAD_OPTIONS, MODEL_VALUE, modelOptions } from './model-arguments.js'
import { Embedder, type IndexProgress, SearchIndex, SecondpassError } from './package.js'
import type { CommandRun } from './run.js'
import { documentsOf, PAGE_FIELDS } from './site/site-documents.js'
import { badFile } from './site/site-error.js'
import { findFiles, type SiteFile } from './site/site-files.js'
import { listed, oneLine } from './terminal-text.js'
import { UsageError } from './usage-error.js'

export const INDEX_COMMAND: CommandSpec = {
  name: 'index',
  summary: 'Make a search index of a site or of documents: one file, which a page opens with SearchIndex.import',
  usage: 'FILES… --out search.sp',
  options: {
    out: { value: 'FILE', help: 'The file to write; serve it beside the site' },
    'base-url': { value: 'URL', help: 'Address of the folder that is indexed, for links: /docs/ (default: /)' },
    root: { value: 'DIR', help: 'The folder that the base URL stands for (default: a named folder, or the one that holds all named files)' },
    fields: { value: 'LIST', help: `Fields that keywords are searched in, with weights if they differ: title:2,text (default: ${PAGE_FIELDS.join(',')})` },
    id: { value: 'FIELD', help: 'The field that identifies a document of JSON (default: id)' },
    embedder: { value: MODEL_VALUE, help: 'Embedding model, for search by meaning as well; the page needs the same one' },
    dimensions: { value: 'N', help: 'How many values of each vector are kept, of models that were trained for it' },
    ...PROMPT_OPTIONS,
    ...LOAD_OPTIONS,
    help: { help: 'Print this' },
  },
  examples: `
Examples:
  npx secondpass index dist --out dist/search.sp
  npx secondpass index docs/*.md --base-url /docs/ --out public/search.sp
  npx secondpass index products.jsonl --fields name:2,description --id sku --out public/search.sp
  npx secondpass index dist --embedder hf:sentence-transformers/all-MiniLM-L6-v2 --out dist/search.sp

Read are HTML, Markdown and plain text, and JSON (a list) or JSON Lines of documents; folders are walked, without hidden files,
node_modules and .json. Pages are cut at their headings. Of HTML, <main> is read, or else <article>, or else the body, without
navigation, scripts and footers; pages with <meta name="robots" content="noindex"> are left out. Each passage is a document:
  { "id": "/docs/install.html#linux", "url": "/docs/install.html#linux", "title": "Install", "heading": "Linux", "text": "…" }

The same files give the same index. In the page:
  const index = await SearchIndex.open('site', { fields: ['title', 'heading', 'text'] })
  await index.import('/search.sp')
  const { results } = await index.search('how to install')`,
}

export async function runIndex(args: Arguments, { signal, progress }: CommandRun): Promise<void> {
  if (args.positionals.length === 0) throw new UsageError('no files are named; write secondpass index dist --out search.sp')
  const out = resolve(args.required('out', '--out search.sp'))
  const [id, fields] = [args.text('id') ?? 'id', fieldsOf(args.text('fields') ?? PAGE_FIELDS.join(','))]
  const files = await findFiles(args.positionals, args.text('root'), signal)
  if (files.length === 0) throw new UsageError('there is nothing to index in what is named: no HTML, Markdown, text or JSON Lines')
  const [model, dimensions] = [args.text('embedder'), args.count('dimensions')]
  if (model === undefined && dimensions !== undefined) throw new UsageError('--dimensions is for vectors; name an --embedder')
  const options = model === undefined ? undefined : { ...(await modelOptions(args, model)), ...promptsOf(args) }
  const embedder = options && (await Embedder.load(options, { signal, onProgress: ({ overall }) => progress.report(overall.label, overall.fraction) }))
  let index: SearchIndex | undefined
  try {
    index = await SearchIndex.open('index', { fields, id, storage: 'memory', ...(embedder && { embedder }), ...(dimensions && { dimensions }) })
    const reader = new DocumentReader(files, id, args.text('base-url') ?? '/', Object.keys(fields))
    const onProgress = ({ stage, loaded, total }: IndexProgress) =>
      stage === 'embed' ? progress.report('making vectors', loaded / total) : progress.report('reading', reader.read / files.length)
    await index.add(reader.documents(signal), { signal, onProgress })
    reader.check()
    signal.throwIfAborted()
    const file = new Uint8Array(await (await index.export()).arrayBuffer())
    await writeWhole(out, file)
    for (const warning of index.info.warnings) progress.note(`warning: ${warning}`)
    progress.clear()
    const { documents, vectors, missing } = index.info
    const made = embedder ? `, ${vectors.text} vectors of ${embedder.info.dimensions} values${missing > 0 ? ` (${missing} could not be made)` : ''}` : ''
    console.log(`${args.text('out')}: ${counted(documents, 'document')} of ${counted(files.length, 'file')}${made}, ${Math.ceil(file.length / 1000)} kB`)
  } finally {
    index?.dispose()
    embedder?.dispose()
  }
}

/** Characters of an id in a message. */
const ID = 200

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

/** Reads the documents one by one, and sees to it that they can be told apart and found. */
class DocumentReader {
  /** How many files have been read. */
  read = 0
  /** Where each id is from. */
  readonly #ids = new Map<string, string>()
  readonly #filled = new Set<string>()
  readonly #seen = new Set<string>()

  constructor(
    readonly files: readonly SiteFile[],
    readonly id: string,
    readonly baseUrl: string,
    readonly fields: readonly string[],
  ) {}

  async *documents(signal: AbortSignal): AsyncGenerator<Record<string, unknown>> {
    for (const file of this.files) {
      signal.throwIfAborted()
      for await (const { document, file: from } of documentsOf(file, { id: this.id, baseUrl: this.baseUrl })) {
        this.#note(document, from)
        yield document
      }
      this.read++
    }
  }

  /** Fails where nothing could ever be found. */
  check(): void {
    if (this.#ids.size === 0) throw new SecondpassError('invalid_request', 400, 'The files hold no text to index.')
    if (this.#filled.size > 0) return
    const there = [...this.#seen].filter((name) => name !== this.id)
    throw new UsageError(`no document has a field ${this.fields.join(', ')}; name others with --fields. There are ${listed(there) || 'none'}`)
  }

  #note(document: Record<string, unknown>, from: string): void {
    const value = valueAt(document, this.id)
    if (value === undefined)
      throw badFile(from, `a document has no "${this.id}"; name the field that identifies it with --id. It has ${listed(Object.keys(document)) || 'no fields'}`)
    const { key } = prepared(document, this.id, from)
    const other = this.#ids.get(key)
    if (other !== undefined)
      throw badFile(from, `its document "${oneLine(key, ID)}" is in ${other === from ? 'it twice' : `${other} too`}; leave one of them out`)
    this.#ids.set(key, from)
    for (const name of this.fields) if (!this.#filled.has(name) && textAt(document, name) !== '') this.#filled.add(name)
    if (this.#filled.size === 0) for (const name of Object.keys(document)) this.#seen.add(name)
  }
}

function prepared(document: object, id: string, from: string) {
  try {
    return prepare(document, id)
  } catch (error) {
    throw badFile(from, error instanceof RangeError ? 'a document has too many lists or objects in each other' : (error as Error).message)
  }
}

/** A reader never finds half of it. */
async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}.part`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(part, bytes)
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw new SecondpassError('storage_failed', 500, `${path} could not be written: ${(error as Error).message}`)
  }
}
