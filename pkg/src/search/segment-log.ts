// The log of an index: files of records that are written once each, by one page at a time, merged when there are many, and read by
// every page that has the index open.
import type { IndexLocks } from './locks.js'
import { encodeSegment, type LogRecord, readSegment } from './segment.js'
import { type LiveSegment, mergeable, nameOf, resolveSegments, type SegmentFile, segmentOf } from './segment-files.js'
import type { SegmentStore } from './segment-store.js'
import { storageError } from './store.js'

/** What a log tells its index, and asks it. */
export interface LogReader {
  /** Records that are new, in order; after `reset` there is nothing else. */
  apply(records: readonly LogRecord[], reset: boolean): void
  /** Whether a record still says something. `oldest`: there is nothing older that it takes back. */
  keeps(record: LogRecord, oldest: boolean): boolean
  /** Bytes of all that the index holds now. */
  liveBytes(): number
  warn(message: string): void
}

export class SegmentLog {
  readonly #store: SegmentStore
  readonly #locks: IndexLocks
  readonly #reader: LogReader
  readonly #channel: BroadcastChannel | undefined
  #segments: LiveSegment[] = []
  #last = 0

  constructor(store: SegmentStore, locks: IndexLocks, reader: LogReader, channel: BroadcastChannel | undefined) {
    this.#store = store
    this.#locks = locks
    this.#reader = reader
    this.#channel = channel
  }

  /** The number of the newest file. */
  get last(): number {
    return this.#last
  }

  get files(): number {
    return this.#segments.length
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { size }) => sum + size, 0)
  }

  /** Reads what other pages have written since. */
  catchUp(signal?: AbortSignal): Promise<void> {
    return this.#locks.run('log', 'shared', signal, async () => {
      await stored(this.#read())
    })
  }

  /**
   * Writes one file with the records that `build` adds. It is called when nobody else can write and everything that others wrote is
   * known. Once this resolves, the records survive the page.
   */
  append(build: (add: (record: LogRecord) => void, seq: number) => void, signal?: AbortSignal): Promise<void> {
    return this.#locks.run('log', 'exclusive', signal, () => stored(this.#append(build)))
  }

  /** Writes, under the log's lock, a file that is derived from the index as of the newest record, and removes earlier ones of its kind. */
  writeDerived(prefix: string, make: (last: number) => Uint8Array<ArrayBuffer> | undefined): Promise<void> {
    return this.#locks.run('log', 'exclusive', undefined, async () => {
      await stored(this.#read())
      const bytes = make(this.#last)
      if (!bytes) return
      const name = `${prefix}-${this.#last}`
      await stored(this.#store.write(name, bytes))
      for (const other of await this.#store.list()) if (other.startsWith(`${prefix}-`) && other !== name) await this.#store.remove(other)
    })
  }

  /** The newest file of a kind, with the number that it was made at. */
  async readDerived(prefix: string): Promise<{ seq: number; bytes: Uint8Array } | undefined> {
    const found = (await stored(this.#store.list()))
      .filter((name) => name.startsWith(`${prefix}-`))
      .map((name) => ({ name, seq: Number(name.slice(prefix.length + 1)) }))
      .sort((a, b) => b.seq - a.seq)[0]
    const bytes = found && (await stored(this.#store.read(found.name)))
    return found && bytes && { seq: found.seq, bytes }
  }

  async #append(build: (add: (record: LogRecord) => void, seq: number) => void): Promise<void> {
    const superseded = await this.#read()
    const seq = this.#last + 1
    const records: LogRecord[] = []
    build((record) => records.push(record), seq)
    if (records.length === 0) return
    const bytes = encodeSegment(records)
    const name = nameOf(seq, seq)
    await this.#store.write(name, bytes)
    this.#last = seq
    this.#segments.push({ name, first: seq, last: seq, size: bytes.length })
    this.#reader.apply(records, false)
    this.#channel?.postMessage({ last: seq })
    try {
      for (const name of superseded) await this.#store.remove(name)
      await this.#merge()
    } catch (error) {
      // What was to be written is written. A merge is tried again after the next file.
      this.#reader.warn(`The index's files could not be merged: ${(error as Error).message}`)
    }
  }

  /** Reads the files that are new since the last call. Returns the names of those that others have replaced. */
  async #read(): Promise<string[]> {
    const files = (await this.#store.list()).map(segmentOf).filter((file) => file !== undefined)
    const known = new Set(this.#segments.map(({ name }) => name))
    if (files.length === known.size && files.every(({ name }) => known.has(name))) return []
    const { live, superseded } = await resolveSegments(files, (file) => this.#load(file))
    const newest = live.reduce((last, file) => Math.max(last, file.last), 0)
    // A file that holds both old and new records leaves out what was taken back between them. And with nothing new there may be less.
    const reset = newest < this.#last || live.some(({ first, last }) => first <= this.#last && last > this.#last)
    const wanted = reset ? live : live.filter(({ first }) => first > this.#last)
    if (reset) this.#reader.apply([], true)
    const sizes = new Map(this.#segments.map(({ name, size }) => [name, size]))
    const read = await Promise.all(wanted.map(async (file) => ({ name: file.name, ...(file.loaded ?? (await this.#load(file))) })))
    for (const { name, records, size } of read) {
      sizes.set(name, size)
      this.#reader.apply(records, false)
    }
    this.#segments = live.map(({ name, first, last, loaded }) => ({ name, first, last, size: sizes.get(name) ?? loaded?.size ?? 0 }))
    this.#last = newest
    return superseded
  }

  async #load(file: SegmentFile): Promise<{ records: LogRecord[]; complete: boolean; size: number }> {
    const bytes = (await this.#store.read(file.name)) ?? new Uint8Array()
    const records: LogRecord[] = []
    const { complete, goodBytes, reason } = readSegment(bytes, (record) => records.push(record))
    // A page that was closed while it wrote leaves an empty file, of which nobody was told that it was written.
    if (!complete && bytes.length > 0) {
      this.#reader.warn(`The file ${file.name} of the index is damaged after ${goodBytes} of ${bytes.length} bytes (${reason}); what follows is lost.`)
    }
    return { records, complete, size: bytes.length }
  }

  /** Merges the newest files where there are many, and all of them where most of what they hold is obsolete. */
  async #merge(): Promise<void> {
    const chosen = mergeable(this.#segments, this.#reader.liveBytes())
    const [first, last] = [chosen[0], chosen.at(-1)]
    if (!first || !last) return
    const oldest = first === this.#segments[0]
    const kept: LogRecord[] = []
    for (const file of chosen) {
      const { records } = await this.#load(file)
      for (const record of records) if (this.#reader.keeps(record, oldest)) kept.push(record)
    }
    const bytes = encodeSegment(kept)
    const name = nameOf(first.first, last.last)
    await this.#store.write(name, bytes)
    this.#segments.splice(this.#segments.indexOf(first), chosen.length, { name, first: first.first, last: last.last, size: bytes.length })
    for (const { name: merged } of chosen) if (merged !== name) await this.#store.remove(merged)
  }
}

async function stored<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw storageError(error)
  }
}
