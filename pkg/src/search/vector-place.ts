// The field of a document in which its vector is: copies of the document with it, and without it.
import { internals } from '../index.js'
import { badRequest } from './main-entry.js'

const { isObject } = internals

/** What holds a vector at a path: the field itself, or objects around it. */
export type VectorAt<Path extends string> = Path extends `${infer Name}.${infer Rest}` ? { [Key in Name]?: VectorAt<Rest> } : { [Key in Path]?: number[] }

/** A document with a vector in a field. It has none if the document has no content. */
export type DocumentWithVector<Document, Into extends string> = Document extends unknown
  ? Into extends `${string}.${string}`
    ? Document & VectorAt<Into>
    : Omit<Document, Into> & VectorAt<Into>
  : never

/** A copy with the vector; without one, the field is left out. What is no vector is not replaced: `where` says it in the error. */
export function place(document: object, path: string, vector: number[] | undefined, where: string): object {
  const [name = '', ...rest] = path.split('.')
  const { [name]: old, ...others } = document as Record<string, unknown>
  const isField = rest.length === 0
  const isFree = old === undefined || old === null
  if (!isFree && !(isField ? isVector(old) : isObject(old))) throw badRequest(`into: there is something else at ${where}; name a field of its own`)
  if (isField) return vector ? { ...others, [name]: vector } : others
  if (!vector && isFree) return { ...document }
  return { ...others, [name]: place(old ?? {}, rest.join('.'), vector, where) }
}

const isVector = (value: unknown) => (Array.isArray(value) || ArrayBuffer.isView(value)) && typeof (value as ArrayLike<unknown>)[0] !== 'string'
