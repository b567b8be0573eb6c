// What goes to a `/v1/rerank` server, and what comes back, in the formats of the common servers.
import { asObject, type ContentOf, isObject, readRequest, type VideoOf } from '../content/schema.js'
import type { Picture } from '../content/types.js'
import { invalidRequest, SecondpassError } from '../errors.js'
import type { RerankRequest, RerankResponse, RerankResult } from '../types.js'

/**
 * The format of a server's requests.
 *
 * - `rerank`: `/v1/rerank` and `/v2/rerank` of vLLM, llama.cpp, Infinity, Cohere and `secondpass/http`; pictures as vLLM
 *   takes them.
 * - `jina`: the same for text; a document with a picture is `{ image }`, and has no text beside it.
 * - `tei`: `/rerank` of text-embeddings-inference: `texts`, and a bare list as the answer. Text only.
 */
export type RemoteFormat = 'rerank' | 'jina' | 'tei'

/** Turns a picture into the text that is sent: a `data:` URL or an address. */
export type PictureEncoder = (picture: Picture) => Promise<string>

/** A picture whose text is set once it is encoded. */
interface EncodedPicture {
  url: string
}

type WirePart = { type: 'text'; text: string } | { type: 'image'; url: string } | { type: 'video'; url: string }
type Fields = Record<string, unknown>

const malformed = (message: string) => new SecondpassError('bad_response', 502, `The server’s answer cannot be used: ${message}.`)

/** The body for a server. Unknown keys pass through, for options that only that server knows. */
export async function formatRequest(request: RerankRequest, model: string | undefined, format: RemoteFormat, encode: PictureEncoder): Promise<Fields> {
  const pictures: [Picture, EncodedPicture][] = []
  // Whatever a local model refuses is refused here in the same words, before anyone is asked.
  const content = readRequest(request, (picture) => {
    const encoded = { url: '' }
    pictures.push([picture, encoded])
    return encoded
  })
  await Promise.all(
    pictures.map(async ([picture, encoded]) => {
      encoded.url = await encode(picture)
    }),
  )
  // The documents are here already, so no server need send them back.
  const { query, documents, return_documents: _, top_n, ...rest } = request
  const [first, ...others] = [content.query, ...content.documents].map((side, i) =>
    formatContent(partsOf(side), format, i === 0 ? 'query' : `documents[${i - 1}]`),
  )
  const common: Fields = { ...(model !== undefined && { model }), ...rest, query: first }
  if (format === 'tei') return { ...common, texts: others, truncate: true }
  return { ...common, documents: others, ...(top_n && { top_n }) }
}

function formatContent(parts: WirePart[], format: RemoteFormat, place: string): unknown {
  if (parts.every((part) => part.type === 'text')) return parts.map((part) => part.text).join('')
  if (format === 'tei') throw invalidRequest(`${place} holds a picture or video, but the server reads text only; give its text`)
  if (format === 'rerank') return { content: parts.map(formatPart) }
  const [only, ...more] = parts
  if (only?.type !== 'image' || more.length > 0) {
    throw invalidRequest(`${place} must be text or one picture for a server of the format jina`)
  }
  return { image: only.url.replace(/^data:[^,]*;base64,/, '') }
}

function formatPart(part: WirePart): Fields {
  if (part.type === 'text') return part
  const type = `${part.type}_url`
  return { type, [type]: { url: part.url } }
}

/** Pictures before text, as the reference's server puts them. */
function partsOf(content: ContentOf<EncodedPicture>): WirePart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if ('content' in content) {
    return content.content.map((part) => {
      if (part.type === 'text') return part
      return part.type === 'image_url' ? imagePart(part.image_url) : videoPart(part.video_url)
    })
  }
  const { text = [], image = [], video = [] } = content
  return [...image.map(imagePart), ...video.map(videoPart), ...[text].flat().map((one): WirePart => ({ type: 'text', text: one }))]
}

const imagePart = ({ url }: EncodedPicture): WirePart => ({ type: 'image', url })

/** vLLM reads frames as one `data:` URL with commas between them. */
function videoPart({ frames }: VideoOf<EncodedPicture>): WirePart {
  const bytes = frames.map(({ url }) => /^data:[^,]*;base64,(.*)$/s.exec(url)?.[1])
  if (bytes.includes(undefined)) throw invalidRequest('the frames of a video must be pictures that this page can read')
  return { type: 'video', url: `data:video/jpeg;base64,${bytes.join(',')}` }
}

/** The answer of any of these servers, as a response of this package. */
export function parseResponse(body: unknown, request: RerankRequest, model: string, elapsed: number): RerankResponse {
  const documents = [request.documents].flat()
  const answer = fields(body)
  const list = [body, answer.results, answer.data, fields(answer.output).results].find(Array.isArray)
  if (!list) throw malformed('it holds no list of results')
  const results = list.map((entry): RerankResult => resultOf(fields(entry), documents.length))
  if (new Set(results.map((result) => result.index)).size < results.length) throw malformed('it names a document twice')
  results.sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
  if (request.top_n) results.length = Math.min(results.length, request.top_n)
  if (request.return_documents) for (const result of results) result.document = asObject(documents[result.index])
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
  return { index, relevance_score: score, ...(typeof entry.logit === 'number' && Number.isFinite(entry.logit) && { logit: entry.logit }) }
}

function counts(answer: Fields, elapsed: number): Pick<RerankResponse, 'usage' | 'meta'> {
  const usage = fields(answer.usage)
  const meta = fields(answer.meta)
  const count = (...values: unknown[]) => values.find((value): value is number => typeof value === 'number' && value >= 0) ?? 0
  const prompt = count(usage.prompt_tokens, usage.total_tokens, fields(meta.tokens).input_tokens, fields(meta.billed_units).input_tokens)
  // Only this package's own handler reports documents that could not be read.
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

/** The message of a server's error, in any of the formats. */
export function errorMessageOf(text: string): string {
  try {
    const body = fields(JSON.parse(text))
    const found = [body.message, fields(body.error).message, body.error, body.detail].find((value) => typeof value === 'string')
    return String(found ?? '').slice(0, 300)
  } catch {
    return ''
  }
}

const fields = (value: unknown): Fields => (isObject(value) ? value : {})
