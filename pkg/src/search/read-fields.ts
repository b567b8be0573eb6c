// Reads what a model is to read of many objects, before the first is sent.
import { type Checks, checkFields, isObject } from '../checks.js'
import { present } from '../content/request.js'
import type { Content, Picture } from '../content/types.js'
import { invalidRequest, type SecondpassError, unreadable } from '../errors.js'
import { contentOfFields, jsonBytes, MAX_BATCH_BYTES } from './field-content.js'
import { FieldError, type HitData, type HitField, missingFields, type NamedFields } from './fields.js'

/** The options that say what is read. */
export interface TextAndImage<Item> {
  text?: HitField<Item, string | string[]> | HitField<Item, string | string[]>[]
  image?: HitField<Item, Picture | Picture[]>
}

/** The content of one object, and its place in the list. */
export interface FoundContent {
  index: number
  content: Content
}

/** The contents of objects, and why others have none. */
export interface ReadContents {
  contents: FoundContent[]
  failed: Map<number, SecondpassError>
  warnings: string[]
}

/** The contents of objects. An object with a broken one fails alone; a field that none of them has is refused, or warned of. */
export function readFields<Item extends object>(items: readonly Item[], { text, image }: TextAndImage<Item>, owner: NamedFields['owner']): ReadContents {
  if (!Array.isArray(items)) throw invalidRequest(`${owner}s must be a list`)
  const wrong = items.findIndex((item) => !isObject(item))
  if (wrong >= 0) throw invalidRequest(`${owner}s[${wrong}] must be an object with fields`)
  const texts = [text ?? 'text'].flat() as HitField<Item, string | string[]>[]
  const failed = new Map<number, SecondpassError>()
  const contents = items.flatMap((item, index): FoundContent[] => {
    try {
      const content = contentOfFields({ texts, image }, item as HitData<Item>, item, `${owner}s[${index}]`)
      return content === undefined ? [] : [{ index, content }]
    } catch (error) {
      failed.set(index, unreadable(error))
      return []
    }
  })
  const [first] = failed.values()
  // A function that fails for every one is a mistake of its own.
  if (first && failed.size === items.length && [...failed.values()].every((error) => error instanceof FieldError)) throw first
  // What is pictures needs no text.
  const named = text === undefined && image !== undefined ? [] : texts
  return { contents, failed, warnings: missingFields(items, { owner, option: 'text', text: named, others: { image } }) }
}

/** So many at most, and so long, that one request holds them. */
export function* inBatches(contents: readonly FoundContent[], most: number): Generator<FoundContent[]> {
  let batch: FoundContent[] = []
  let room = MAX_BATCH_BYTES
  for (const one of contents) {
    const bytes = jsonBytes(one.content)
    if (batch.length > 0 && (batch.length >= most || bytes > room)) {
      yield batch
      batch = []
      room = MAX_BATCH_BYTES
    }
    batch.push(one)
    room -= bytes
  }
  if (batch.length > 0) yield batch
}

/** The options of a call, checked, without those that are null. */
export function checkOptions<Options extends object>(options: Options, checks: Checks<Options>, name: string): Options {
  if (!isObject(options)) throw invalidRequest(`the options of ${name} must be an object`)
  checkFields(options, checks, `options of ${name}`)
  return present(options) as Options
}
