// What a model reads of an object with fields: texts that are joined, and pictures, checked before they are sent.
import { isLonger, MAX_BODY_BYTES, MAX_TEXT_BYTES } from '../content/limits.js'
import { readContent } from '../content/schema.js'
import type { Content, Picture } from '../content/types.js'
import { SecondpassError } from '../errors.js'
import { fieldValue, type HitData, type HitField } from './fields.js'

/** The fields that are read. */
export interface ReadFields<Hit> {
  texts: readonly HitField<Hit, string | string[]>[]
  image?: HitField<Hit, Picture | Picture[]> | undefined
  /** Whether space around the text is left out. */
  trim?: boolean
}

/** How much is sent in one request: pictures and the names of fields need room too. */
export const MAX_BATCH_BYTES = MAX_BODY_BYTES / 2
/** Quotes, and the comma after a document. */
const JSON_BYTES = 16

/** The content, if there is any. Throws what a request with it would be refused for; `place` names it in messages. */
export function contentOfFields<Hit>({ texts, image, trim }: ReadFields<Hit>, data: HitData<Hit> | undefined, hit: Hit, place: string): Content | undefined {
  const values = texts.flatMap((field) => fieldValue(field, data, hit) ?? [])
  const joined = values.filter((part) => typeof part === 'string' && part.trim() !== '').join('\n')
  const text = trim ? joined.trim() : joined
  if (isLonger(text, MAX_TEXT_BYTES)) throw tooLong(place, `its text is longer than ${MAX_TEXT_BYTES} bytes; give a shorter field`)
  const given = image === undefined ? undefined : fieldValue(image, data, hit)
  const pictures = given === undefined || given === null || given === '' ? [] : [given].flat()
  if (text === '' && pictures.length === 0) return undefined
  const content = pictures.length === 0 ? text : text === '' ? { image: pictures } : { text, image: pictures }
  readContent(content, place, (picture) => picture)
  return content
}

export const tooLong = (place: string, why: string): SecondpassError => new SecondpassError('invalid_request', 413, `${place}: ${why}`)

/** How many bytes the text of a content has in a request. Letters that JSON escapes take more. */
export function jsonBytes(content: Content): number {
  const text = typeof content === 'string' ? content : 'text' in content ? String(content.text) : ''
  return JSON_BYTES + new TextEncoder().encode(JSON.stringify(text)).length
}
