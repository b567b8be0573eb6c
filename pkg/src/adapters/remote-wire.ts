// What goes to a `/v1/rerank` server, and what comes back, in the spellings of the servers there are.
import { SecondpassError } from '../errors.js'
import type { Content, ContentPart, Picture, RerankRequest, RerankResponse, RerankResult, Video } from '../types.js'

/**
 * How a server spells a request.
 *
 * - `rerank`: `/v1/rerank` and `/v2/rerank` of vLLM, llama.cpp, Infinity, Cohere and `secondpass/http`; pictures as vLLM
 *   takes them.
 * - `jina`: the same for text; a document with a picture is `{ image }`, and has no text beside it.
 * - `tei`: `/rerank` of text-embeddings-inference: `texts`, and a bare list as the answer. Text only.
 */
export type RemoteFormat = 'rerank' | 'jina' | 'tei'

/** A picture as the text that the server gets. */
export type Encode = (picture: Picture) => Promise<string>

type Part = { type: 'text'; text: string } | { type: 'image'; url: string } | { type: 'video'; url: string }
type Fields = Record<string, unknown>

const invalid = (message: string) => new SecondpassError('invalid_request', 400, `invalid request: ${message}`)
const malformed = (message: string) => new SecondpassError('bad_response', 502, `The server’s answer cannot be used: ${message}.`)

/** The body for a server. Keys that are not ours pass through, for what only that server knows. */
export async function toWire(request: RerankRequest, model: string | undefined, format: RemoteFormat, encode: Encode): Promise<Fields> {
  check(request)
  // The documents are here already, so no server need send them back.
  const { query, documents, return_documents: _, top_n, ...rest } = request
  const list = [documents].flat() as Content[]
  const sides = await Promise.all([query, ...list].map((content, i) => parts(content, encode, placeOf(i))))
  const [first, ...others] = sides.map((side, i) => spell(side, format, placeOf(i)))
  const common: Fields = { ...(model !== undefined && { model }), ...rest, query: first }
  if (format === 'tei') return { ...common, texts: others, truncate: true }
  return { ...common, documents: others, ...(top_n && { top_n }) }
}

/** What a local model refuses is refused here in the same words, before anyone is asked. */
function check(request: unknown): void {
  if (!isObject(request)) throw invalid('the request must be an object with query and documents')
  const { query, documents } = request
  if (query === undefined) throw invalid('query must be provided')
  if (documents === undefined) throw invalid('documents must be provided')
  if (!Array.isArray(documents) && typeof documents !== 'string' && !isObject(documents)) throw invalid('documents must be a list')
  const list = [documents].flat()
  if (list.length === 0) throw invalid('list of documents must not be empty')
  ;[query, ...list].forEach((content, i) => {
    const known = isObject(content) && (Object.keys(content).length === 0 || ['text', 'image', 'video', 'content'].some((key) => key in content))
    if (typeof content !== 'string' && !known) throw invalid(`${placeOf(i)} must be a string, an object with text, image or video, or an object with content`)
  })
}

const placeOf = (i: number) => (i === 0 ? 'query' : `documents[${i - 1}]`)

const isObject = (value: unknown): value is Fields => value !== null && typeof value === 'object' && !Array.isArray(value)

function spell(side: Part[], format: RemoteFormat, place: string): unknown {
  if (side.every((part) => part.type === 'text')) return side.map((part) => part.text).join('')
  if (format === 'tei') throw invalid(`${place} holds a picture or video, but the server reads text only; give its text`)
  if (format === 'rerank') return { content: side.map(contentPart) }
  const [only, ...more] = side
  if (only?.type !== 'image' || more.length > 0) {
    throw invalid(`${place} must be text or one picture for a server of the format jina`)
  }
  return { image: only.url.replace(/^data:[^,]*;base64,/, '') }
}

function contentPart(part: Part): Fields {
  if (part.type === 'text') return part
  const type = `${part.type}_url`
  return { type, [type]: { url: part.url } }
}

/** Pictures before text, as the reference's server puts them. */
async function parts(content: Content, encode: Encode, place: string): Promise<Part[]> {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if ('content' in content) {
    const lists = await Promise.all([content.content].flat().map((part) => partsOf(part, encode, place)))
    return lists.flat()
  }
  const texts = [content.text ?? []].flat().map((text) => textPart(text, place))
  return [...(await images(content.image ?? [], encode)), ...(await videos(content.video ?? [], encode)), ...texts]
}

function partsOf(part: ContentPart | string, encode: Encode, place: string): Part[] | Promise<Part[]> {
  if (typeof part === 'string') return [textPart(part, place)]
  const fields: Fields = isObject(part) ? part : {}
  const of = (...names: string[]) => names.map((name) => fields[name]).find((value) => value !== undefined && value !== null)
  if (fields.type === 'text') return [textPart(fields.text, place)]
  const image = of('image_url', 'image')
  if (image !== undefined && (fields.type === 'image_url' || fields.type === 'image')) return images(image as Picture, encode)
  const video = of('video_url', 'video')
  if (video !== undefined && (fields.type === 'video_url' || fields.type === 'video')) return videos(video as Video, encode)
  throw invalid(`${place}.content holds a part whose type is not text, image_url or video_url`)
}

function textPart(text: unknown, place: string): Part {
  if (typeof text !== 'string') throw invalid(`${place}: text must be a string`)
  return { type: 'text', text }
}

const images = (given: Picture | Picture[], encode: Encode): Promise<Part[]> =>
  Promise.all([given].flat().map(async (picture) => ({ type: 'image', url: await encode(known(picture)) })))

function known(picture: unknown): Picture {
  if (typeof picture === 'string' ? picture.trim() !== '' : picture !== null && typeof picture === 'object') return picture as Picture
  throw invalid('a picture must be a URL, a data: URL, its bytes or an object with url, and not be empty')
}

/** A list of lists, or of objects with frames, is several videos; else a list is the frames of one. */
function videos(given: Video | Video[], encode: Encode): Promise<Part[]> {
  const nested = Array.isArray(given) && given.every((item) => Array.isArray(item) || (item as { frames?: unknown } | null)?.frames !== undefined)
  const list = (nested ? given : [given]) as Video[]
  const urls = list.map((video) => frames(Array.isArray(video) ? video : video?.frames, encode))
  return Promise.all(urls.map(async (url) => ({ type: 'video', url: await url })))
}

/** vLLM reads frames as one `data:` URL with commas between them. */
async function frames(list: unknown, encode: Encode): Promise<string> {
  if (!Array.isArray(list)) throw invalid('a video must be a list of frames, or an object with frames')
  const urls = await Promise.all(list.map((frame) => encode(known(frame))))
  const bytes = urls.map((url) => /^data:[^,]*;base64,(.*)$/s.exec(url)?.[1])
  if (bytes.includes(undefined)) throw invalid('the frames of a video must be pictures that this page can read')
  return `data:video/jpeg;base64,${bytes.join(',')}`
}

/** The answer of any of the servers, as ours. */
export function fromWire(body: unknown, request: RerankRequest, model: string, elapsed: number): RerankResponse {
  const documents = [request.documents].flat()
  const answer = fields(body)
  const list = [body, answer.results, answer.data, fields(answer.output).results].find(Array.isArray)
  if (!list) throw malformed('it holds no list of results')
  const results = list.map((entry): RerankResult => resultOf(fields(entry), documents.length))
  if (new Set(results.map((result) => result.index)).size < results.length) throw malformed('it names a document twice')
  results.sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
  if (request.top_n) results.length = Math.min(results.length, request.top_n)
  if (request.return_documents) for (const result of results) result.document = asGiven(documents[result.index])
  return {
    id: typeof answer.id === 'string' ? answer.id : `rerank-${Date.now().toString(36)}`,
    model: typeof answer.model === 'string' ? answer.model : model,
    results,
    ...counts(answer, elapsed),
  }
}

function resultOf(entry: Fields, documents: number): RerankResult {
  const score = entry.relevance_score ?? entry.score
  const index = Number.isInteger(entry.index) ? (entry.index as number) : -1
  if (index < 0 || index >= documents) throw malformed('an index is no place in the request')
  if (typeof score !== 'number' || !Number.isFinite(score)) throw malformed('a score is not a number')
  return { index, relevance_score: score }
}

function counts(answer: Fields, elapsed: number): Pick<RerankResponse, 'usage' | 'meta'> {
  const usage = fields(answer.usage)
  const meta = fields(answer.meta)
  const count = (...values: unknown[]) => values.find((value): value is number => typeof value === 'number' && value >= 0) ?? 0
  const prompt = count(usage.prompt_tokens, usage.total_tokens, fields(meta.tokens).input_tokens, fields(meta.billed_units).input_tokens)
  // Ours alone tells of documents that could not be read.
  const failed = (Array.isArray(meta.failed) ? meta.failed : []) as NonNullable<RerankResponse['meta']['failed']>
  const warnings = [meta.warnings].flat().filter((warning): warning is string => typeof warning === 'string')
  return {
    usage: { prompt_tokens: prompt, total_tokens: count(usage.total_tokens, prompt) },
    meta: {
      device: 'remote',
      cached_tokens: count(meta.cached_tokens, fields(usage.prompt_tokens_details).cached_tokens),
      timings: { tokenize_ms: 0, vision_ms: 0, compute_ms: 0, total_ms: elapsed },
      warnings,
      ...(failed.length > 0 && { failed }),
    },
  }
}

/** What a server says of an error, in any of their spellings. */
export function complaint(text: string): string {
  try {
    const body = fields(JSON.parse(text))
    const said = [body.message, fields(body.error).message, body.error, body.detail].find((value) => typeof value === 'string')
    return String(said ?? '').slice(0, 300)
  } catch {
    return ''
  }
}

const fields = (value: unknown): Fields => (isObject(value) ? value : {})

const asGiven = (document: Content | undefined): Exclude<Content, string> => (typeof document === 'object' ? document : { text: document ?? '' })
