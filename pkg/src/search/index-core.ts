// An open index without its models: the table, the keyword index and the log, kept in step.
import { contentOf, type PreparedDocument, textAt } from './document-fields.js'
import type { IndexLayout } from './index-options.js'
import { IndexTable } from './index-table.js'
import { readKeywordFile, writeKeywordFile } from './keyword-file.js'
import { KeywordIndex } from './keywords.js'
import { IndexLocks } from './locks.js'
import type { LogRecord } from './segment.js'
import { type LogReader, SegmentLog } from './segment-log.js'
import type { SegmentStore } from './segment-store.js'

/** The keyword index is saved again when so many documents, and so large a part of them, have changed. */
const [SAVE_AFTER, SAVE_PART] = [200, 0.1]
const KEYWORDS = 'keywords'

export class IndexCore implements LogReader {
  readonly table: IndexTable
  readonly layout: IndexLayout
  readonly log: SegmentLog
  readonly locks: IndexLocks
  readonly warnings: string[] = []
  readonly #keywords: KeywordIndex
  readonly #channel: BroadcastChannel | undefined
  #keywordsLoaded: Promise<void> | undefined
  /** Ids that changed since the keyword index was saved. */
  readonly #unsaved = new Set<string>()
  #closed = false

  constructor(name: string, layout: IndexLayout, store: SegmentStore) {
    this.layout = layout
    const table = new IndexTable(layout)
    this.table = table
    const shared = store.kind !== 'memory'
    this.locks = new IndexLocks(name, shared)
    this.#channel = shared && globalThis.BroadcastChannel ? new BroadcastChannel(channelName(name)) : undefined
    this.log = new SegmentLog(store, this.locks, this, this.#channel)
    this.#keywords = new KeywordIndex(
      {
        get keys() {
          return table.keys
        },
        get size() {
          return table.size
        },
        has: (key) => table.get(key) !== undefined,
        text: (key, field) => {
          const row = table.rowOf(key)
          return row === undefined ? '' : textAt(table.document(row), field)
        },
      },
      layout.fields,
    )
    this.#channel?.addEventListener('message', () => void this.#hear())
  }

  /** Reads the log. The keyword index follows in the background; `keywords` waits for it. */
  async open(signal?: AbortSignal): Promise<void> {
    await this.log.catchUp(signal)
    this.#keywordsLoaded = this.#loadKeywords()
    this.#keywordsLoaded.catch(() => {})
  }

  /** The keyword index, once it is loaded. */
  readonly keywords = async (): Promise<KeywordIndex> => {
    await this.#keywordsLoaded
    return this.#keywords
  }

  /** Writes documents that are new or different, and resolves when they are stored. */
  async put(documents: readonly PreparedDocument[], signal?: AbortSignal): Promise<void> {
    await this.log.append((add, seq) => {
      // Of the same id twice the last counts.
      const byKey = new Map(documents.map((document) => [document.key, document]))
      for (const document of byKey.values()) this.#addPut(document, add, seq)
    }, signal)
  }

  /** Takes the records of one document, and its vectors where what they are made of is the same as before. */
  #addPut({ key, checksum, bytes }: PreparedDocument, add: (record: LogRecord) => void, seq: number): void {
    const row = this.table.rowOf(key)
    const known = row === undefined ? undefined : this.table.at(row)
    if (known && known.checksum === checksum && sameBytes(known.document, bytes)) return
    add({ type: 'put', seq, key, checksum, document: bytes })
    if (row === undefined) return
    const before = this.table.document(row)
    const after = JSON.parse(new TextDecoder().decode(bytes)) as object
    for (const column of this.table.columns) {
      const vector = column.get(row)
      const same = () => JSON.stringify(contentOf(before, column.field)) === JSON.stringify(contentOf(after, column.field))
      if (!vector || !same()) continue
      add({ type: 'vector', seq, key, checksum, ...vector, values: vector.values.slice() })
    }
  }

  /** Brings the keyword index up to date, and saves it where enough has changed. */
  async settle(onIndexed?: (left: number) => void): Promise<void> {
    const keywords = await this.keywords()
    await keywords.catchUp(onIndexed)
    if (this.#unsaved.size < Math.max(SAVE_AFTER, SAVE_PART * this.table.size)) return
    await this.log.writeDerived(KEYWORDS, () => {
      const json = keywords.save()
      if (json === undefined) return undefined
      this.#unsaved.clear()
      return writeKeywordFile(keywords.print, json)
    })
  }

  close(): void {
    this.#closed = true
    this.#channel?.close()
  }

  get closed(): boolean {
    return this.#closed
  }

  // -- What the log asks --

  apply(records: readonly LogRecord[], reset: boolean): void {
    const changed = (key: string) => {
      this.#keywords.touch(key)
      this.#unsaved.add(key)
    }
    if (reset) {
      for (const key of this.table.keys) changed(key)
      this.table.reset()
    }
    this.table.apply(records, changed)
  }

  keeps(record: LogRecord, oldest: boolean): boolean {
    return this.table.keeps(record, oldest)
  }

  liveBytes(): number {
    return this.table.bytes
  }

  warn(message: string): void {
    if (!this.warnings.includes(message)) this.warnings.push(message)
  }

  async #loadKeywords(): Promise<void> {
    const saved = await this.log.readDerived(KEYWORDS)
    const json = saved && readKeywordFile(saved.bytes, this.#keywords.print)
    if (!saved || json === undefined) this.#keywords.rebuild()
    else {
      // Every id that the log takes back, and every document that is newer.
      const changed = [...this.#unsaved].filter((key) => (this.table.get(key)?.seq ?? Infinity) > saved.seq)
      this.#unsaved.clear()
      for (const key of changed) this.#unsaved.add(key)
      await this.#keywords.load(json, changed)
    }
    await this.#keywords.catchUp()
  }

  /** Another page has written. */
  async #hear(): Promise<void> {
    try {
      await this.log.catchUp()
      if (!this.#closed) await (await this.keywords()).catchUp()
    } catch (error) {
      this.warn(`What another page wrote to the index could not be read: ${(error as Error).message}`)
    }
  }
}

export const channelName = (name: string) => `secondpass-search:${name}`

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
