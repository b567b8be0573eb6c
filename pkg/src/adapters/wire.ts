// The bodies that clients of rerank servers send, read into ours, and our answers in the spelling they expect.
import { SecondpassError } from '../errors.js'
import type { Content, ContentPart, Picture, RerankRequest, RerankResponse, Video } from '../types.js'
import { fromBase64 } from './data-url.js'
import { failures } from './source.js'

/** `tei` is the spelling with `texts`; all others are one. */
export type Dialect = 'rerank' | 'tei'

/** A body that was read. */
export interface Call {
  request: RerankRequest
  dialect: Dialect
  /** What the client asked for and did not get. */
  warnings: string[]
}

/** Which pictures a body may name: any, or those that it holds itself. */
export type Pictures = 'any' | 'data'

type Fields = Record<string, unknown>
/** Fields of ours that go to the model as they came: their values are checked there. */
const PASSED = ['max_tokens_per_doc', 'max_length', 'fps', 'max_frames'] as const
/** What a server takes, and we cannot do, without harm to the order. */
const IGNORED = [
  'max_chunks_per_doc', 'overlap_tokens', 'max_tokens_per_query', 'truncation_side', 'truncation_direction', 'chat_template_kwargs',
]

const invalid = (message: string) => new SecondpassError('invalid_request', 400, `invalid request: ${message}`)

/** Reads a body of Cohere v1 or v2, Jina, vLLM, llama.cpp or TEI. */
export function readCall(body: unknown, pictures: Pictures): Call {
  if (!isObject(body)) throw invalid('the body must be an object with query and documents')
  if (body.query === undefined || body.query === null) throw invalid('query must be provided')
  if (body.raw_scores === true || body.use_activation === false) throw invalid('scores without the final sigmoid are not given')
  const reader = new Reader(pictures, body.rank_fields)
  const query = reader.content(body.query, 'query')
  const request: RerankRequest = { query, documents: reader.documents(body.documents ?? body.texts) }
  const instruction = body.instruction ?? body.instruct
  if (instruction !== undefined && instruction !== null) request.instruction = text(instruction, 'instruction')
  const top = count(body.top_n ?? body.top_k, 'top_n')
  if (top) request.top_n = top
  if (body.return_documents === true || body.return_text === true) request.return_documents = true
  for (const name of PASSED) if (body[name] !== undefined && body[name] !== null) request[name] = body[name] as number
  // vLLM: -1 is the model's own limit.
  const length = body.truncate_prompt_tokens
  if (typeof length === 'number' && length > 0) request.max_length ??= length
  const ignored = IGNORED.filter((name) => body[name] !== undefined && body[name] !== null)
  return { request, dialect: dialectOf(body), warnings: ignored.map((name) => `${name} is not supported and was ignored`) }
}

/** How the sender of a body, good or bad, spells things. */
export const dialectOf = (body: unknown): Dialect => (isObject(body) && body.texts !== undefined && body.documents === undefined ? 'tei' : 'rerank')

class Reader {
  readonly #pictures: Pictures
  readonly #fields: string[] | undefined

  constructor(pictures: Pictures, fields: unknown) {
    this.#pictures = pictures
    if (fields === undefined || fields === null) return
    const names = Array.isArray(fields) && fields.every((field) => typeof field === 'string')
    if (!names) throw invalid('rank_fields must be a list of names')
    this.#fields = fields
  }

  documents(value: unknown): Content[] {
    if (value === undefined || value === null) throw invalid('documents must be provided')
    const list = Array.isArray(value) ? value : [value]
    if (list.length === 0) throw invalid('list of documents must not be empty')
    return list.map((document, i) => this.content(document, `documents[${i}]`))
  }

  content(value: unknown, place: string): Content {
    if (typeof value === 'string') return value
    if (Array.isArray(value)) return { content: value.map((part) => this.#part(part, place)) }
    if (!isObject(value)) throw unreadable(place)
    if (this.#fields && place !== 'query') return this.#ranked(value, this.#fields, place)
    if (value.content !== undefined) return { content: [value.content].flat().map((part) => this.#part(part, place)) }
    if (typeof value.type === 'string') return { content: [this.#part(value, place)] }
    const { text: words, image, video } = value
    if (words === undefined && image === undefined && video === undefined) throw unreadable(place)
    return {
      ...(words != null && { text: Array.isArray(words) ? words.map((word) => text(word, place)) : text(words, place) }),
      ...(image != null && { image: [image].flat().map((one) => this.#picture(one, place)) }),
      ...(video != null && { video: this.#videos(video, place) }),
    }
  }

  /** Cohere v1: the values of the named fields, one after the other. */
  #ranked(value: Fields, names: string[], place: string): Content {
    const values = names.filter((name) => Object.hasOwn(value, name)).map((name) => value[name]).filter((item) => item !== null)
    if (values.length === 0) throw invalid(`${place} has none of the rank_fields`)
    return { text: values.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join('\n') }
  }

  #part(part: unknown, place: string): ContentPart {
    if (typeof part === 'string') return { type: 'text', text: part }
    const { type, ...rest } = isObject(part) ? part : {}
    if (type === 'text') return { type, text: text(rest.text, place) }
    if (type === 'image_url' || type === 'image') return { type: 'image_url', image_url: this.#picture(rest.image_url ?? rest.image, place) }
    if (type === 'video_url' || type === 'video') return { type: 'video_url', video_url: this.#video(rest.video_url ?? rest.video, place) }
    throw invalid(`${place}.content holds a part whose type is not text, image_url or video_url`)
  }

  #picture(value: unknown, place: string): Picture {
    const given = isObject(value) ? value.url : value
    if (typeof given !== 'string' || given.trim() === '') {
      throw invalid(`${place}: a picture must be a URL, a data: URL, base64 or an object with url`)
    }
    const url = fromBase64(given)
    if (this.#pictures === 'any' || /^data:/i.test(url)) return url
    throw invalid(`${place}: pictures must be data: URLs here; addresses are not fetched`)
  }

  #videos(value: unknown, place: string): Video[] {
    const isVideo = (item: unknown) => Array.isArray(item) || (isObject(item) && item.frames !== undefined)
    return (Array.isArray(value) && value.some(isVideo) ? value : [value]).map((video) => this.#video(video, place))
  }

  #video(value: unknown, place: string): Video {
    const { fps, timestamps, frames: given = isObject(value) ? value.url : value } = isObject(value) ? value : {}
    const frames = typeof given === 'string' ? joinedFrames(given) : given
    if (!Array.isArray(frames)) throw invalid(`${place}: a video must be a list of frames; video files are not decoded here`)
    const pictures = frames.map((frame) => this.#picture(frame, place))
    return { frames: pictures, ...(fps != null && { fps: fps as number }), ...(timestamps != null && { timestamps: timestamps as number[] }) }
  }
}

/** Frames in one URL, as vLLM takes them. */
const joinedFrames = (url: string): string[] | undefined =>
  /^data:video\/jpeg;base64,(.+)$/s.exec(url)?.[1]?.split(',').map((bytes) => `data:image/jpeg;base64,${bytes}`)

const unreadable = (place: string) => invalid(`${place} must be a string, an object with text, image or video, or an object with content`)

function text(value: unknown, place: string): string {
  if (typeof value !== 'string') throw invalid(`${place}: text must be a string`)
  return value
}

function count(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid(`${name} must be a whole number, 0 or more`)
  return value as number
}

const isObject = (value: unknown): value is Fields => value !== null && typeof value === 'object' && !Array.isArray(value)

/** The answer for a call: for TEI a bare list, else one body with what any of the clients looks for. */
export function writeAnswer(response: RerankResponse, { dialect, warnings }: Call): unknown {
  if (dialect === 'tei') {
    return response.results.map(({ index, relevance_score: score, document }) => ({ index, score, ...(document !== undefined && { text: textOf(document) }) }))
  }
  const all = [...response.meta.warnings, ...failures(response), ...warnings]
  return {
    ...response,
    object: 'list',
    meta: {
      ...response.meta,
      api_version: { version: '2' },
      billed_units: { search_units: 0 },
      tokens: { input_tokens: response.usage.prompt_tokens, output_tokens: 0 },
      warnings: all,
    },
  }
}

const textOf = (document: Content): string =>
  typeof document === 'string' ? document : 'text' in document ? [document.text ?? []].flat().join('') : ''

/** An error as every server spells it, at once: `message` for Cohere, `error` for OpenAI's likes, `detail` for Jina. */
export function writeError(status: number, code: string, message: string, dialect: Dialect = 'rerank'): unknown {
  if (dialect === 'tei') return { error: message, error_type: status < 500 ? 'Validation' : 'Backend' }
  return { object: 'error', message, detail: message, type: code, code: status, error: { message, type: code, code: status } }
}
