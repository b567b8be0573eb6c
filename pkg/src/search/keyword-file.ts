// A saved keyword index as a file beside the log. It only saves time: a file that is damaged or does not fit is made anew.
import { ByteWriter } from './byte-writer.js'
import { crc32 } from './crc32.js'

const MAGIC = new TextEncoder().encode('SPKEYWD1')

/** What the saved index of these documents depends on: how words are made, and the fields. */
const WORDS = 'minisearch 7, words 1'

export const printOfFields = (fields: readonly string[]): string => JSON.stringify([WORDS, ...fields])

/** `print`: what the index depends on beside the documents. */
export function writeKeywordFile(print: string, json: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder()
  const [head, body] = [encoder.encode(print), encoder.encode(json)]
  const writer = new ByteWriter(head.length + body.length + 32)
  writer.bytes(MAGIC)
  writer.u32(0)
  writer.u32(head.length)
  writer.bytes(head)
  writer.bytes(body)
  writer.patch(MAGIC.length, crc32(writer.written(MAGIC.length + 4)))
  return writer.written()
}

/** The saved index; undefined if the bytes are none of this print. */
export function readKeywordFile(bytes: Uint8Array, print: string): string | undefined {
  const parts = split(bytes)
  return parts?.print === print ? new TextDecoder().decode(parts.body) : undefined
}

/** The fields of a saved index; undefined if the bytes are none, or of another version. */
export function fieldsOfKeywordFile(bytes: Uint8Array): string[] | undefined {
  try {
    const [words, ...fields] = JSON.parse(split(bytes)?.print ?? '[]')
    return words === WORDS && fields.length > 0 && fields.every((field: unknown) => typeof field === 'string') ? fields : undefined
  } catch {
    return undefined
  }
}

function split(bytes: Uint8Array): { print: string; body: Uint8Array } | undefined {
  const start = MAGIC.length + 8
  if (bytes.length < start || MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(MAGIC.length, true) !== crc32(bytes, MAGIC.length + 4)) return undefined
  const body = start + view.getUint32(MAGIC.length + 4, true)
  return body > bytes.length ? undefined : { print: new TextDecoder().decode(bytes.subarray(start, body)), body: bytes.subarray(body) }
}
