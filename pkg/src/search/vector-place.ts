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

/** Refuses to replace what is no vector. */
export function checkPlace(document: object, path: string, name: string): void {
  const names = path.split('.')
  let value: unknown = document
  for (const [i, step] of names.entries()) {
    if (!isObject(value) || !Object.hasOwn(value, step)) return
    value = value[step]
    if (value === undefined || value === null) return
    const fits = i === names.length - 1 ? isVector(value) : isObject(value)
    if (!fits) throw badRequest(`into: ${name} has something else in ${JSON.stringify(names.slice(0, i + 1).join('.'))}; name a field of its own`)
  }
}

const isVector = (value: unknown) => (Array.isArray(value) || ArrayBuffer.isView(value)) && typeof (value as ArrayLike<unknown>)[0] !== 'string'

/** A copy with the vector; without one, the field is left out, whatever was in it. */
export function place(document: object, path: string, vector: number[] | undefined): object {
  const [name = '', ...rest] = path.split('.')
  const { [name]: old, ...others } = document as Record<string, unknown>
  if (rest.length === 0) return vector ? { ...others, [name]: vector } : others
  if (!vector && !isObject(old)) return { ...document }
  return { ...others, [name]: place(isObject(old) ? old : {}, rest.join('.'), vector) }
}
