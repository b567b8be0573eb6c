// What an index is opened with, checked and with its defaults.
import type { EmbedderSource } from '../embedder-like.js'
import type { RerankerSource } from '../reranker-like.js'
import { MAX_DIMENSIONS, MAX_FIELDS, MAX_NAME } from './limits.js'
import { badRequest } from './main-entry.js'
import type { IndexStorage } from './segment-store.js'

/** Fields of a document that are read together: names, or paths such as `meta.title`. */
export interface ContentFields {
  /** Texts, joined with line breaks. */
  text?: string | readonly string[]
  /** Addresses of pictures, or `data:` URLs. */
  image?: string | readonly string[]
}

/** A vector of each document: of what it is made. */
export interface VectorField extends ContentFields {
  /** The task, in a sentence, for models that take one; for documents. */
  instruction?: string
}

/** Options of {@link SearchIndex.open}. */
export interface SearchIndexOptions {
  /** The fields that keywords are searched in: names or paths, each with its weight if not all count the same. */
  fields: readonly string[] | Readonly<Record<string, number>>
  /** The field that identifies a document, a string or a number. Default `id`. */
  id?: string
  /** Makes the vectors. Without one, only keywords are searched. A function is called at the first search or `add`. */
  embedder?: EmbedderSource
  /** The vectors of a document, by names of your choice. Default one, `text`, of all `fields`. */
  vectors?: Readonly<Record<string, VectorField>>
  /** How many numbers a vector has, where the model allows less than all of its own. */
  dimensions?: number
  /** Puts the best candidates in order. Without one, the order is that of the fused ranks. */
  reranker?: RerankerSource
  /** What the reranker reads of a document. Default all `fields`. */
  rerank?: ContentFields
  /** Where the index is kept between visits. Default `auto`: the first of the origin's private file system, the Cache API, and memory. */
  storage?: IndexStorage
}

/** The options, checked and complete. */
export interface IndexLayout {
  fields: Readonly<Record<string, number>>
  id: string
  vectors: readonly { name: string; field: VectorField }[]
  dimensions: number | undefined
  rerank: ContentFields
}

const STORAGES = ['auto', 'opfs', 'cache-api', 'memory']

/** Checks the options of an index. */
export function layoutOf(name: string, options: SearchIndexOptions): IndexLayout {
  if (typeof name !== 'string' || name === '' || name.length > 100) throw badRequest('the name of an index is a text of 1 to 100 characters')
  const { fields, id = 'id', dimensions, storage = 'auto' } = options ?? {}
  const weights: Record<string, number> = Array.isArray(fields)
    ? Object.fromEntries(fields.map((field: string) => [field, 1]))
    : { ...(fields as Record<string, number>) }
  const names = Object.keys(weights)
  if (names.length === 0 || names.length > MAX_FIELDS || names.includes('')) throw badRequest(`fields: name 1 to ${MAX_FIELDS} fields`)
  if (Object.values(weights).some((weight) => !(weight > 0))) throw badRequest('fields: a weight is a number above 0')
  if (typeof id !== 'string' || id === '') throw badRequest('id: name the field that identifies a document')
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions > 0 && dimensions <= MAX_DIMENSIONS)) {
    throw badRequest(`dimensions: a whole number up to ${MAX_DIMENSIONS}`)
  }
  if (!STORAGES.includes(storage)) throw badRequest(`storage: one of ${STORAGES.join(', ')}`)
  const vectors = Object.entries(options.vectors ?? { text: { text: names } }).map(([name, field]) => ({ name, field }))
  if (vectors.length > MAX_FIELDS) throw badRequest(`vectors: at most ${MAX_FIELDS}`)
  for (const { name, field } of vectors) {
    if (name === '' || name.length > MAX_NAME) throw badRequest(`vectors: a name has 1 to ${MAX_NAME} characters`)
    if (field?.text === undefined && field?.image === undefined) throw badRequest(`vectors.${name}: name the fields that it is made of, as text or image`)
  }
  return { fields: weights, id, vectors, dimensions, rerank: options.rerank ?? { text: names } }
}

/** All on which the vectors of a field depend, as a text. */
export const printOf = (identity: string, { text, image, instruction }: VectorField, dimensions: number | undefined): string =>
  JSON.stringify([identity, dimensions ?? null, text ?? null, image ?? null, instruction ?? null])
