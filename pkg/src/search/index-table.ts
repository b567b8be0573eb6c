// What an index holds, in memory: documents by their ids, each in a row, and the vectors of these rows.

import type { IndexLayout } from './index-options.js'
import { MAX_INDEXED } from './limits.js'
import { SecondpassError } from './main-entry.js'
import type { LogRecord, VectorPrint } from './segment.js'
import { VectorColumn } from './vector-column.js'

/** A document as it is stored. */
export interface IndexRow {
  readonly key: string
  /** The number of the file that it was written to. */
  readonly seq: number
  /** Of the document's bytes: a vector belongs to it only if it was made from the same. */
  readonly checksum: number
  /** JSON in UTF-8. */
  readonly document: Uint8Array
}

const decoder = new TextDecoder()

export class IndexTable {
  readonly columns: readonly VectorColumn[]
  /** Which exported index all began with. */
  source: string | undefined
  /** Is told of each field of which vectors were left aside, because another model made them. */
  onForeign: ((column: VectorColumn) => void) | undefined
  #rows: (IndexRow | undefined)[] = []
  readonly #parsed: (object | undefined)[] = []
  readonly #byKey = new Map<string, number>()
  #free: number[] = []
  #documentBytes = 0

  constructor({ vectors }: Pick<IndexLayout, 'vectors'>) {
    this.columns = vectors.map(({ name, field }) => new VectorColumn(name, field))
  }

  get size(): number {
    return this.#byKey.size
  }

  get keys(): IterableIterator<string> {
    return this.#byKey.keys()
  }

  /** One more than the last row; some in between may be free. */
  get rows(): number {
    return this.#rows.length
  }

  rowOf(key: string): number | undefined {
    return this.#byKey.get(key)
  }

  get(key: string): IndexRow | undefined {
    const row = this.#byKey.get(key)
    return row === undefined ? undefined : this.#rows[row]
  }

  at(row: number): IndexRow | undefined {
    return this.#rows[row]
  }

  /** The document of a row that is taken. It is parsed when it is first wanted, since most are never. */
  document(row: number): object {
    return (this.#parsed[row] ??= parseDocument(this.#rows[row]?.document))
  }

  /** Bytes that a log of nothing else would have, about. */
  get bytes(): number {
    return this.#documentBytes + this.columns.reduce((sum, column) => sum + column.bytes + 40 * column.count, 0)
  }

  reset(): void {
    this.#rows = []
    this.#parsed.length = 0
    this.#byKey.clear()
    this.#free = []
    this.#documentBytes = 0
    this.source = undefined
    for (const column of this.columns) column.reset(column.print)
  }

  /** Adds what the records say, in their order, and calls `changed` with each id whose document is another one now. */
  apply(records: readonly LogRecord[], changed: (key: string) => void): void {
    const arena = new Arena(records.reduce((sum, record) => sum + (record.type === 'put' ? record.document.length : 0), 0))
    for (const record of records) {
      if (record.type === 'put') {
        this.#put({ key: record.key, seq: record.seq, checksum: record.checksum, document: arena.copy(record.document) })
        changed(record.key)
      } else if (record.type === 'delete') {
        this.#delete(record.key)
        changed(record.key)
      } else if (record.type === 'vector') this.#setVector(record)
      else if (record.type === 'clear') {
        for (const key of this.#byKey.keys()) changed(key)
        this.reset()
      } else this.source = record.content
    }
  }

  /** Whether a record still says something; see `LogReader.keeps`. */
  keeps(record: LogRecord, oldest: boolean): boolean {
    if (record.type === 'put') return this.get(record.key)?.seq === record.seq
    if (record.type === 'delete') return !oldest && !this.#byKey.has(record.key)
    if (record.type === 'clear') return !oldest
    if (record.type === 'source') return this.source === record.content
    const column = this.columns.find(({ name }) => name === record.field.name)
    return this.get(record.key)?.checksum === record.checksum && samePrint(column?.print, record.field)
  }

  #put(row: IndexRow): void {
    const known = this.#byKey.get(row.key)
    if (known === undefined && this.#byKey.size >= MAX_INDEXED) {
      throw new SecondpassError('invalid_request', 400, `An index holds at most ${MAX_INDEXED} documents.`)
    }
    const at = known ?? this.#free.pop() ?? this.#rows.length
    this.#documentBytes += cost(row) - cost(this.#rows[at])
    this.#rows[at] = row
    this.#parsed[at] = undefined
    this.#byKey.set(row.key, at)
    for (const column of this.columns) column.unset(at)
  }

  #delete(key: string): void {
    const at = this.#byKey.get(key)
    if (at === undefined) return
    this.#documentBytes -= cost(this.#rows[at])
    this.#rows[at] = undefined
    this.#parsed[at] = undefined
    this.#byKey.delete(key)
    this.#free.push(at)
    for (const column of this.columns) column.unset(at)
  }

  /** A vector of another model than the ones before replaces them all: the newest model counts. */
  #setVector(record: Extract<LogRecord, { type: 'vector' }>): void {
    const column = this.columns.find(({ name }) => name === record.field.name)
    const row = this.#byKey.get(record.key)
    if (!column || row === undefined || this.#rows[row]?.checksum !== record.checksum) return
    if (column.expected !== undefined && column.expected !== record.field.print) {
      this.onForeign?.(column)
      return
    }
    if (!samePrint(column.print, record.field)) column.reset(record.field)
    column.set(row, record.scale, record.values)
  }
}

/** What a record takes in a file, about. */
const cost = (row: IndexRow | undefined) => (row ? 20 + row.key.length + row.document.length : 0)

export const samePrint = (a: VectorPrint | undefined, b: VectorPrint) => a?.print === b.print && a.dimensions === b.dimensions

/** The log writes only JSON objects; a foreign file may hold anything. */
function parseDocument(bytes: Uint8Array | undefined): object {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes))
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below.
  }
  throw new SecondpassError('integrity', 500, 'A stored document is not a JSON object. Clear the index and add the documents again.')
}

/** One piece of memory for the documents of a file, which would otherwise be kept whole, vectors included. */
class Arena {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
  }

  copy(bytes: Uint8Array): Uint8Array {
    const copied = this.#bytes.subarray(this.#at, this.#at + bytes.length)
    copied.set(bytes)
    this.#at += bytes.length
    return copied
  }
}
