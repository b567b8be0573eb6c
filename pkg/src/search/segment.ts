// One file of an index's log: records, each with a checksum. docs/search-format.md describes the bytes.
import { ByteWriter } from './byte-writer.js'
import { crc32 } from './crc32.js'
import { MAX_DIMENSIONS, MAX_DOCUMENT_BYTES, MAX_FIELDS, MAX_KEY_BYTES, MAX_NAME, MAX_PRINT, MAX_RECORD_BYTES } from './limits.js'

/** What the vectors of a field are: those of another print do not compare with them. */
export interface VectorPrint {
  name: string
  /** The model and all else on which the vectors depend. */
  print: string
  dimensions: number
}

/** One entry of the log. `seq` is the number of the file that it was first written to. */
export type LogRecord =
  | { type: 'put'; seq: number; key: string; checksum: number; document: Uint8Array }
  | { type: 'delete'; seq: number; key: string }
  | { type: 'vector'; seq: number; key: string; checksum: number; field: VectorPrint; scale: number; values: Int8Array }
  | { type: 'clear'; seq: number }
  | { type: 'source'; seq: number; content: string }

const MAGIC = new TextEncoder().encode('SPINDEX1')
const [HEADER, PUT, DELETE, VECTOR, CLEAR, SOURCE, END] = [1, 2, 3, 4, 5, 6, 7] as const
const KINDS = { put: PUT, delete: DELETE, vector: VECTOR, clear: CLEAR, source: SOURCE }
/** Length and checksum before each record. */
const FRAME = 8

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a file with these records. Its last record says that nothing is missing. */
export function encodeSegment(records: readonly LogRecord[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  const fields = new Map<VectorPrint, number>()
  const prints: VectorPrint[] = []
  for (const record of records) {
    if (record.type !== 'vector' || fields.has(record.field)) continue
    const { name, print, dimensions } = record.field
    const known = prints.findIndex((other) => other.name === name && other.print === print && other.dimensions === dimensions)
    fields.set(record.field, known < 0 ? prints.push({ name, print, dimensions }) - 1 : known)
  }
  writer.bytes(MAGIC)
  framed(writer, HEADER, () => writer.bytes(encoder.encode(JSON.stringify({ vectors: prints }))))
  for (const record of records) framed(writer, KINDS[record.type], () => writeBody(writer, record, fields))
  framed(writer, END, () => writer.u32(records.length))
  return writer.written()
}

function framed(writer: ByteWriter, kind: number, write: () => void): void {
  const start = writer.length
  writer.u32(0)
  writer.u32(0)
  writer.u8(kind)
  write()
  const body = writer.written(start + FRAME)
  writer.patch(start, body.length)
  writer.patch(start + 4, crc32(body))
}

function writeBody(writer: ByteWriter, record: LogRecord, fields: ReadonlyMap<VectorPrint, number>): void {
  writer.u32(record.seq)
  if (record.type === 'put') {
    writer.u32(record.checksum)
    writeKey(writer, record.key)
    writer.bytes(record.document)
  } else if (record.type === 'delete') writeKey(writer, record.key)
  else if (record.type === 'vector') {
    const { checksum, field, scale, values } = record
    writer.u32(checksum)
    writer.u8(fields.get(field)!)
    writer.f32(scale)
    writeKey(writer, record.key)
    writer.bytes(new Uint8Array(values.buffer, values.byteOffset, values.length))
  } else if (record.type === 'source') writer.bytes(encoder.encode(record.content))
}

function writeKey(writer: ByteWriter, key: string): void {
  const bytes = encoder.encode(key)
  writer.u16(bytes.length)
  writer.bytes(bytes)
}

/** What was found in a file: all of it, or why not and how many bytes were good. */
export interface SegmentState {
  complete: boolean
  goodBytes: number
  reason?: string
}

/** Gives the records of a file in order, up to the first that is damaged. Their bytes are views into the file's. */
export function readSegment(bytes: Uint8Array, visit: (record: LogRecord) => void): SegmentState {
  const reader = new SegmentReader(bytes)
  try {
    return reader.readAll(visit)
  } catch (error) {
    if (error instanceof DamagedRecord || error instanceof TypeError || error instanceof SyntaxError) {
      return { complete: false, goodBytes: reader.goodBytes, reason: error instanceof DamagedRecord ? error.message : 'text that is not valid' }
    }
    throw error
  }
}

class DamagedRecord extends Error {}

class SegmentReader {
  goodBytes = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #fields: VectorPrint[] | undefined
  #count = 0
  #at = 0
  #end = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  readAll(visit: (record: LogRecord) => void): SegmentState {
    const bytes = this.#bytes
    if (bytes.length < MAGIC.length || MAGIC.some((byte, i) => bytes[i] !== byte)) throw new DamagedRecord('it does not begin as a file of an index')
    let at = (this.goodBytes = MAGIC.length)
    while (at < bytes.length) {
      if (bytes.length - at < FRAME + 1) throw new DamagedRecord('it ends within a record')
      const length = this.#view.getUint32(at, true)
      if (length === 0 || length > MAX_RECORD_BYTES) throw new DamagedRecord(`a record has ${length} bytes`)
      if (length > bytes.length - at - FRAME) throw new DamagedRecord('it ends within a record')
      const from = at + FRAME
      at = from + length
      if (crc32(bytes, from, at) !== this.#view.getUint32(from - 4, true)) throw new DamagedRecord('a checksum does not match')
      this.#at = from + 1
      this.#end = at
      if (bytes[from] === END) {
        const count = this.#u32()
        if (count !== this.#count || at !== bytes.length) throw new DamagedRecord('its end does not fit what is before it')
        this.goodBytes = at
        return { complete: true, goodBytes: at }
      }
      const record = this.#record(bytes[from]!)
      if (record) {
        this.#count++
        visit(record)
      }
      this.goodBytes = at
    }
    throw new DamagedRecord('its end is missing')
  }

  #record(type: number): LogRecord | undefined {
    if (type === HEADER) return this.#header()
    if (!this.#fields) throw new DamagedRecord('its header is missing')
    const seq = this.#u32()
    if (type === PUT) {
      const checksum = this.#u32()
      const key = this.#key()
      const document = this.#rest()
      if (document.length > MAX_DOCUMENT_BYTES) throw new DamagedRecord('a document is too large')
      return { type: 'put', seq, key, checksum, document }
    }
    if (type === DELETE) return { type: 'delete', seq, key: this.#key() }
    if (type === CLEAR) return { type: 'clear', seq }
    if (type === SOURCE) return { type: 'source', seq, content: decoder.decode(this.#rest()) }
    if (type !== VECTOR) throw new DamagedRecord(`a record is of the unknown kind ${type}`)
    const checksum = this.#u32()
    const field = this.#fields[this.#u8()]
    const scale = this.#f32()
    const key = this.#key()
    const values = this.#rest()
    if (!field || values.length !== field.dimensions) throw new DamagedRecord('a vector does not fit its field')
    if (!(scale >= 0 && scale < Infinity)) throw new DamagedRecord('a vector has no scale')
    return { type: 'vector', seq, key, checksum, field, scale, values: new Int8Array(values.buffer, values.byteOffset, values.length) }
  }

  #header(): undefined {
    if (this.#fields) throw new DamagedRecord('a second header')
    this.#fields = vectorPrints((JSON.parse(decoder.decode(this.#rest())) as { vectors?: unknown } | null)?.vectors)
  }

  #u8(): number {
    return this.#bytes[this.#take(1)]!
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  #f32(): number {
    return this.#view.getFloat32(this.#take(4), true)
  }

  #key(): string {
    const length = this.#view.getUint16(this.#take(2), true)
    if (length === 0 || length > MAX_KEY_BYTES) throw new DamagedRecord('an id is empty or too long')
    return shortText(this.#bytes, this.#take(length), length)
  }

  #rest(): Uint8Array {
    const at = this.#take(this.#end - this.#at)
    return this.#bytes.subarray(at, this.#end)
  }

  #take(count: number): number {
    const at = this.#at
    if (at + count > this.#end) throw new DamagedRecord('a record is too short')
    this.#at = at + count
    return at
  }
}

/** Ids are short and mostly ASCII, for which a call of the decoder takes longer than this. */
function shortText(bytes: Uint8Array, at: number, length: number): string {
  let text = ''
  for (let i = at; i < at + length; i++) {
    if (bytes[i]! > 127) return decoder.decode(bytes.subarray(at, at + length))
    text += String.fromCharCode(bytes[i]!)
  }
  return text
}

/** Checks the vector fields of a header. */
export function vectorPrints(given: unknown): VectorPrint[] {
  if (!Array.isArray(given) || given.length > 4 * MAX_FIELDS) throw new DamagedRecord('its header has no list of vector fields')
  return given.map((field: Partial<VectorPrint> | null) => {
    const { name, print, dimensions } = field ?? {}
    const isText = (value: unknown, longest: number): value is string => typeof value === 'string' && value.length <= longest
    const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_DIMENSIONS
    if (isText(name, MAX_NAME) && isText(print, MAX_PRINT) && isSize(dimensions)) return { name, print, dimensions }
    throw new DamagedRecord('its header describes a vector field in a way that is not understood')
  })
}
