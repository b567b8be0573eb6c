// What goes to a server of vectors, in the formats of the common ones.
import { readInputs } from '../content/inputs.js'
import type { ContentOf } from '../content/schema.js'
import { wellFormed } from '../content/text.js'
import type { InputType } from '../embed-types.js'
import { invalidRequest } from '../errors.js'
import { type EncodedPicture, headless, type PictureEncoder, partsOf, type WirePart, withPictures } from './parts.js'

/**
 * The format of a server of vectors.
 *
 * - `openai`: `/v1/embeddings` of OpenAI, vLLM, TEI, llama.cpp and `secondpass/http`; a picture is `{ image }`.
 * - `jina`: `/v1/embeddings` of Jina, where `input_type` is a `task`; an input is text or one picture.
 * - `cohere`: `/v2/embed`; an input may hold text and pictures. It wants an `input_type`.
 */
export type EmbeddingsFormat = 'openai' | 'jina' | 'cohere'

type Fields = Record<string, unknown>
/** A field of ours, and what a server has in its place. */
type Names = Record<string, [name: string, value?: (value: unknown) => unknown]>

const TASKS: Record<InputType, string> = { query: 'retrieval.query', document: 'retrieval.passage' }
const INPUT_TYPES: Record<InputType, string> = { query: 'search_query', document: 'search_document' }
const nameIn = (names: Record<string, string>) => (value: unknown) => names[String(value)] ?? value

/** What the servers call our fields; those of `openai` keep their names. */
const NAMES: Record<Exclude<EmbeddingsFormat, 'openai'>, Names> = {
  jina: { input_type: ['task', nameIn(TASKS)], dimensions: ['dimensions'], encoding_format: ['embedding_type'] },
  cohere: {
    input_type: ['input_type', nameIn(INPUT_TYPES)],
    dimensions: ['output_dimension'],
    encoding_format: ['embedding_types', (value) => [value]],
    max_length: ['max_tokens'],
  },
}
/** Our own fields, which a server would not understand under their names. */
const OWN = ['input_type', 'instruction', 'dimensions', 'encoding_format', 'max_length', 'fps', 'max_frames']

/** What `format` may be, in the words of the check; nothing if it is that. */
export const isEmbeddingsFormat = (value: unknown): string | undefined =>
  ['openai', ...Object.keys(NAMES)].includes(String(value)) ? undefined : `one of openai, ${Object.keys(NAMES).join(', ')}`

/** Reads a request for a server of vectors. Unknown fields pass through, for options that only that server knows. */
export async function formatInputs(
  request: unknown,
  usual: string | undefined,
  format: EmbeddingsFormat,
  encode: PictureEncoder,
): Promise<{ body: Fields; inputs: number }> {
  const { inputs, fields } = await withPictures((picture) => readInputs(request, picture), encode)
  const { model = usual, ...rest } = fields
  const named = format === 'openai' ? rest : renamed(rest, format)
  const head = { ...(model !== undefined && { model: wellFormed(String(model)) }), ...named }
  return { body: { ...head, ...(format === 'cohere' ? cohereInputs(inputs) : plainInputs(inputs, format)) }, inputs: inputs.length }
}

function renamed(fields: Fields, format: keyof typeof NAMES): Fields {
  const names = NAMES[format]
  const lost = Object.keys(fields).find((name) => OWN.includes(name) && !names[name])
  if (lost !== undefined) throw invalidRequest(`a server of the format ${format} has no ${lost}; leave it out`)
  if (format === 'cohere' && fields.input_type === undefined) throw invalidRequest("a server of the format cohere wants input_type: 'query' or 'document'")
  const all: Fields = format === 'cohere' ? { encoding_format: 'float', ...fields } : fields
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => {
      const [other = name, change = (same: unknown) => same] = names[name] ?? []
      return [other, change(value)]
    }),
  )
}

function plainInputs(inputs: ContentOf<EncodedPicture>[], format: EmbeddingsFormat): Fields {
  const list = inputs.map((input, i) => plainInput(partsOf(input), `input[${i}]`))
  // Jina wants objects where one is a picture.
  const someAreObjects = format === 'jina' && list.some((input) => typeof input === 'object')
  return { input: someAreObjects ? list.map((input) => (typeof input === 'string' ? { text: input } : input)) : list }
}

function plainInput(parts: WirePart[], place: string): string | { image: string } {
  if (parts.every((part) => part.type === 'text')) return parts.map((part) => part.text).join('')
  const [only, ...more] = parts.filter((part) => part.type !== 'text' || part.text !== '')
  if (only?.type !== 'image' || more.length > 0) throw invalidRequest(`${place} must be text or one picture for a server`)
  return { image: headless(only.url) }
}

/** Texts alone are a list; with pictures each input has its parts. */
function cohereInputs(inputs: ContentOf<EncodedPicture>[]): Fields {
  const all = inputs.map(partsOf)
  if (all.flat().every((part) => part.type === 'text')) return { texts: all.map((parts) => parts.map((part) => part.type === 'text' && part.text).join('')) }
  return { inputs: all.map((parts, i) => ({ content: parts.map((part) => coherePart(part, `input[${i}]`)) })) }
}

function coherePart(part: WirePart, place: string): Fields {
  if (part.type === 'text') return part
  if (part.type === 'image') return { type: 'image_url', image_url: { url: part.url } }
  throw invalidRequest(`${place} holds a video, but the server reads text and pictures only`)
}
