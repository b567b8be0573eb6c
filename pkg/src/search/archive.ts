// A whole index as one file, to be built ahead and served beside a site. docs/search-format.md describes the bytes.

import { ByteWriter } from './byte-writer.js'
import { crc32 } from './crc32.js'
import { keyOf, valueAt } from './document-fields.js'
import { MAX_ARCHIVE_BYTES, MAX_ARCHIVE_HEADER_BYTES } from './limits.js'
import { SecondpassError } from './main-entry.js'
import { encodeSegment, type LogRecord, readSegment } from './segment.js'

/** The beginning of an exported index, which is not compressed. */
export interface ArchiveHeader {
  format: 1
  /** The hash of what follows, decompressed: the same index has the same. */
  content: string
  /** The lengths of the two parts that follow: a file of the log, and a saved keyword index. */
  records: number
  keywords: number
  /** The field that identifies a document, and how many there are. */
  id: string
  documents: number
}

const MAGIC = new TextEncoder().encode('SPSEARCH')
/** Magic, length of the header, its checksum. */
const HEAD = MAGIC.length + 8

export const damagedArchive = (reason: string) => new SecondpassError('integrity', 500, `The exported index cannot be used: ${reason}. Export it again.`)

/** Makes the file. */
export async function writeArchive(records: readonly LogRecord[], keywords: Uint8Array<ArrayBuffer>, id: string, documents: number): Promise<Blob> {
  const segment = encodeSegment(records)
  const body = new Blob([segment, keywords])
  if (body.size > MAX_ARCHIVE_BYTES)
    throw new SecondpassError('invalid_request', 400, `The index has ${body.size} bytes; an exported one has at most ${MAX_ARCHIVE_BYTES}.`)
  const content = await hashOf(new Uint8Array(await body.arrayBuffer()))
  const header: ArchiveHeader = { format: 1, content, records: segment.length, keywords: keywords.length, id, documents }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const writer = new ByteWriter(HEAD + json.length)
  writer.bytes(MAGIC)
  writer.u32(json.length)
  writer.u32(crc32(json))
  writer.bytes(json)
  const compressed = await new Response(body.stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
  return new Blob([writer.written(), compressed], { type: 'application/octet-stream' })
}

/** Reads the header of a file that is arriving, and on demand the rest. */
export class ArchiveReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #onBytes: (loaded: number) => void
  #buffered: Uint8Array<ArrayBuffer> = new Uint8Array()
  #loaded = 0

  constructor(stream: ReadableStream<Uint8Array>, onBytes: (loaded: number) => void) {
    this.#reader = stream.getReader()
    this.#onBytes = onBytes
  }

  async header(): Promise<ArchiveHeader> {
    await this.#need(HEAD)
    if (MAGIC.some((byte, i) => this.#buffered[i] !== byte)) throw damagedArchive('it does not begin as one')
    const view = new DataView(this.#buffered.buffer, this.#buffered.byteOffset)
    const [length, checksum] = [view.getUint32(MAGIC.length, true), view.getUint32(MAGIC.length + 4, true)]
    if (length > MAX_ARCHIVE_HEADER_BYTES) throw damagedArchive(`its header has ${length} bytes`)
    await this.#need(HEAD + length)
    const json = this.#buffered.subarray(HEAD, HEAD + length)
    if (crc32(json) !== checksum) throw damagedArchive('the checksum of its header does not match')
    this.#buffered = this.#buffered.slice(HEAD + length)
    return checkedHeader(new TextDecoder().decode(json))
  }

  /** The records, checked, and the saved keyword index. */
  async body(header: ArchiveHeader): Promise<{ records: LogRecord[]; keywords: Uint8Array }> {
    const size = header.records + header.keywords
    const bytes = await this.#inflate(size)
    if ((await hashOf(bytes)) !== header.content) throw damagedArchive('its hash does not match')
    const records: LogRecord[] = []
    const { complete, reason } = readSegment(bytes.subarray(0, header.records), (record) => records.push(record))
    if (!complete) throw damagedArchive(reason ?? 'its records are damaged')
    for (const record of records) checkRecord(record, header.id)
    return { records, keywords: bytes.subarray(header.records) }
  }

  /** Ends the download. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {})
  }

  async #need(count: number): Promise<void> {
    while (this.#buffered.length < count) {
      const more = await this.#pull()
      if (!more) throw damagedArchive('it ends too early')
      const joined = new Uint8Array(this.#buffered.length + more.length)
      joined.set(this.#buffered)
      joined.set(more, this.#buffered.length)
      this.#buffered = joined
    }
  }

  async #pull(): Promise<Uint8Array | undefined> {
    const { value, done } = await this.#reader.read()
    if (done) return undefined
    this.#loaded += value.length
    this.#onBytes(this.#loaded)
    return value
  }

  /** Decompresses what follows. A file that grows beyond what its header says is refused before it does. */
  async #inflate(size: number): Promise<Uint8Array<ArrayBuffer>> {
    let first: Uint8Array<ArrayBuffer> | undefined = this.#buffered
    const compressed = new ReadableStream<BufferSource>({
      pull: async (controller) => {
        const bytes = first ?? (await this.#pull())
        first = undefined
        if (bytes) controller.enqueue(bytes as Uint8Array<ArrayBuffer>)
        else controller.close()
      },
    })
    const inflated = compressed.pipeThrough(new DecompressionStream('gzip')).getReader()
    const pieces: Uint8Array[] = []
    let at = 0
    for (;;) {
      const { value, done } = await inflated.read().catch((error: unknown) => {
        // The network's own errors have been given a name already.
        throw error instanceof SecondpassError || (error as Error).name === 'AbortError' ? error : damagedArchive('it cannot be decompressed')
      })
      if (done) break
      pieces.push(value)
      at += value.length
      if (at > size) {
        await inflated.cancel().catch(() => {})
        throw damagedArchive('it is longer than its header says')
      }
    }
    if (at < size) throw damagedArchive('it ends too early')
    const bytes = new Uint8Array(size)
    at = 0
    for (const piece of pieces) {
      bytes.set(piece, at)
      at += piece.length
    }
    return bytes
  }
}

function checkedHeader(json: string): ArchiveHeader {
  let header: Partial<ArchiveHeader> | null
  try {
    header = JSON.parse(json)
  } catch {
    throw damagedArchive('its header is not JSON')
  }
  const { format, content, records, keywords, id, documents } = header ?? {}
  if (format !== 1) throw damagedArchive(`it has the format ${String(format)}, and this version reads format 1`)
  const isSize = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0
  const fits = isSize(records) && isSize(keywords) && isSize(documents) && records + keywords <= MAX_ARCHIVE_BYTES
  if (!fits || typeof content !== 'string' || typeof id !== 'string') throw damagedArchive('its header is not understood')
  return header as ArchiveHeader
}

/** A foreign file may hold a document under an id that is not its own. */
function checkRecord(record: LogRecord, id: string): void {
  if (record.type === 'vector') return
  if (record.type !== 'put') throw damagedArchive(`it holds a record "${record.type}"`)
  if (crc32(record.document) !== record.checksum) throw damagedArchive('the checksum of a document does not match')
  let own: string | undefined
  try {
    own = keyOf(valueAt(JSON.parse(new TextDecoder().decode(record.document)), id), id)
  } catch {
    // Not JSON, or without an id.
  }
  if (own !== record.key) throw damagedArchive('a document is stored under an id that it does not have')
}

/** Pages that are not served over HTTPS have no SHA-256; they tell indexes apart by a checksum, and cannot check the hash of others. */
async function hashOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!globalThis.crypto?.subtle) return `crc32-${crc32(bytes)}-${bytes.length}`
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `sha256-${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
