// Documents of an index: what may be one, its id, and what its fields hold.
import type { Content } from '../content/types.js'
import { crc32 } from './crc32.js'
import type { ContentFields } from './index-options.js'
import { MAX_DOCUMENT_BYTES, MAX_KEY_BYTES } from './limits.js'
import { badRequest } from './main-entry.js'

const encoder = new TextEncoder()

/** A document that is about to be stored. */
export interface PreparedDocument {
  key: string
  checksum: number
  bytes: Uint8Array
}

/** Makes JSON of a document, and refuses what would not come back as it was. */
export function prepare(document: object, id: string): PreparedDocument {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw badRequest('a document is an object')
  const key = keyOf(valueAt(document, id), id)
  const bytes = encoder.encode(
    JSON.stringify(document, (field, value) => {
      if (typeof value === 'object' && value !== null && !isPlain(value)) {
        const kind = value.constructor?.name ?? 'object'
        throw badRequest(`document ${key}: ${field || 'it'} is a ${kind}, which an index cannot store. Store an address or a data: URL.`)
      }
      return value
    }),
  )
  if (bytes.length > MAX_DOCUMENT_BYTES) throw badRequest(`document ${key} has ${bytes.length} bytes as JSON; the limit is ${MAX_DOCUMENT_BYTES}`)
  return { key, checksum: crc32(bytes), bytes }
}

const isPlain = (value: object) => Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null

/** An id as the index keeps it: 1 and '1' are the same. */
export function keyOf(value: unknown, id: string): string {
  const key = typeof value === 'number' && Number.isFinite(value) ? String(value) : value
  if (typeof key !== 'string' || key === '') throw badRequest(`a document's ${id} is a number or a text that is not empty`)
  if (encoder.encode(key).length > MAX_KEY_BYTES) throw badRequest(`a document's ${id} has at most ${MAX_KEY_BYTES} bytes`)
  return key
}

/** The value of a field: a name, which may have dots in it, or a path. */
export function valueAt(document: object, path: string): unknown {
  const own = ownValue(document, path)
  return own !== undefined ? own : path.split('.').reduce<unknown>(ownValue, document)
}

/** What an object inherits is none of its fields. */
const ownValue = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined

/** The texts of a field, and of lists and numbers in it. */
export function textAt(document: object, path: string): string {
  const value = valueAt(document, path)
  const parts = (Array.isArray(value) ? value : [value]).filter((part) => typeof part === 'string' || typeof part === 'number')
  return parts.join('\n').trim()
}

/** What a model reads of a document; undefined if all of it is empty. */
export function contentOf(document: object, { text, image }: ContentFields): Content | undefined {
  const words = namesOf(text)
    .map((path) => textAt(document, path))
    .filter((part) => part !== '')
    .join('\n')
  const pictures = namesOf(image)
    .flatMap((path) => valueAt(document, path))
    .filter((value): value is string => typeof value === 'string' && value !== '')
  if (pictures.length > 0) return words === '' ? { image: pictures } : { text: words, image: pictures }
  return words === '' ? undefined : words
}

const namesOf = (names: string | readonly string[] | undefined): readonly string[] => (typeof names === 'string' ? [names] : (names ?? []))

/** The text of a query, for the keyword search. */
export function textOfQuery(query: Content): string {
  if (typeof query === 'string') return query
  if ('content' in query) return query.content.flatMap((part) => (part.type === 'text' ? part.text : [])).join(' ')
  return [query.text ?? []].flat().join(' ')
}
