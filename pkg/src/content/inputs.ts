// The inputs of a request for vectors.
import { invalidRequest } from '../errors.js'
import { type ContentOf, isObject, type PictureReader, readContent } from './schema.js'

/** How messages name an input. */
export const placeOfInput = (index: number): string => `input[${index}]`

/** The inputs of a request. A single one counts as a list of one. */
export function readInputs<P>(request: unknown, picture: PictureReader<P>): ContentOf<P>[] {
  if (!isObject(request)) throw invalidRequest('the request must be an object with input')
  const { input } = request
  if (input === undefined || input === null) throw invalidRequest('input must be provided')
  if (!Array.isArray(input) && typeof input !== 'string' && !isObject(input)) throw invalidRequest('input must be a text or a list of texts')
  const list = [input].flat()
  if (list.length === 0) throw invalidRequest('input must not be an empty list')
  if (list.some((item) => typeof item === 'number')) throw invalidRequest('input holds token ids; give texts, which the model’s own tokenizer reads')
  return list.map((item, i) => readContent(item, placeOfInput(i), picture))
}
