// The inputs of a request for vectors, and what it may hold beside them.
import { type Checks, check, checkFields, isObject } from '../checks.js'
import type { EmbedRequest } from '../embed-types.js'
import { invalidRequest } from '../errors.js'
import { present } from './request.js'
import { type ContentOf, type PictureReader, readContent } from './schema.js'

/** How messages name an input. */
export const placeOfInput = (index: number): string => `input[${index}]`

/** Which values of `input_type` and `encoding_format` there are, the engine says. */
export const EMBED_CHECKS: Checks<EmbedRequest> = {
  input: check.anything,
  input_type: check.text,
  instruction: check.text,
  dimensions: check.count,
  encoding_format: check.text,
  model: check.text,
  max_length: check.limit,
  fps: check.rate,
  max_frames: check.limit,
}

/** The inputs of a request, and its other fields. A single input counts as a list of one. */
export function readInputs<P>(request: unknown, picture: PictureReader<P>): { inputs: ContentOf<P>[]; fields: Record<string, unknown> } {
  if (!isObject(request)) throw invalidRequest('the request must be an object: embed({ input })')
  const { input, ...fields } = request
  if (input === undefined || input === null) throw invalidRequest('input must be provided')
  if (!Array.isArray(input) && typeof input !== 'string' && !isObject(input)) throw invalidRequest('input must be a text or a list of texts')
  const list = Array.isArray(input) ? Array.from(input) : [input]
  if (list.length === 0) throw invalidRequest('input must not be an empty list')
  if (list.some((item) => typeof item === 'number')) throw invalidRequest('input holds token ids; give texts, which the model’s own tokenizer reads')
  checkFields(fields, EMBED_CHECKS, 'requests for vectors', 'similar')
  return { inputs: list.map((item, i) => readContent(item, placeOfInput(i), picture)), fields: present(fields) }
}
