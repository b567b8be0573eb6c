// What goes to a `/v1/rerank` server, and what comes back, in the formats of the common servers.
import { readRequest } from '../content/request.js'
import { wellFormed } from '../content/text.js'
import type { Content } from '../content/types.js'
import { invalidRequest } from '../errors.js'
import type { RerankRequest } from '../types.js'
import { headless, type PictureEncoder, partsOf, type WirePart, withPictures } from './parts.js'

/**
 * The format of a server's requests.
 *
 * - `rerank`: `/v1/rerank` and `/v2/rerank` of vLLM, llama.cpp, Infinity, Cohere and `secondpass/http`; pictures as vLLM
 *   takes them.
 * - `jina`: the same for text; a document with a picture is `{ image }`, and has no text beside it.
 * - `tei`: `/rerank` of text-embeddings-inference: `texts`, and a bare list as the answer. Text only.
 * - `dashscope`: `/api/v1/services/rerank/text-rerank/text-rerank` of DashScope (TextReRank): `input` and `parameters`. With
 *   qwen3-vl-rerank the query and each document are text or one picture. It wants a `model`.
 */
export type RemoteFormat = 'rerank' | 'jina' | 'tei' | 'dashscope'

type Fields = Record<string, unknown>

/** A request for a server, and what of it the answer is read with. */
export interface FormattedRequest {
  body: Fields
  /** The documents as they were given. */
  documents: Content[]
  asked: AskedOfServer
}

/** The fields of a request that say what its answer holds. */
export type AskedOfServer = Pick<RerankRequest, 'top_n' | 'return_documents' | 'raw_scores'>

/** Reads a request for a server. Unknown fields pass through, for options that only that server knows. */
export async function formatRequest(request: unknown, model: string | undefined, format: RemoteFormat, encode: PictureEncoder): Promise<FormattedRequest> {
  // Whatever a local model refuses is refused here in the same words, before anyone is asked.
  const { given, fields, ...content } = await withPictures((picture) => readRequest(request, picture, 'respelt'), encode)
  // The documents are here already, so no server need send them back.
  const { return_documents, top_n, ...rest } = fields
  const [first, ...others] = [content.query, ...content.documents].map((side, i) =>
    formatContent(partsOf(side), format, i === 0 ? 'query' : `documents[${i - 1}]`),
  )
  const asked = { return_documents, top_n, raw_scores: rest.raw_scores } as AskedOfServer
  const all: Fields = { ...(model !== undefined && { model: wellFormed(model) }), ...rest, query: first }
  return { body: BODIES[format](all, others, top_n), documents: given, asked }
}

const top = (top_n: unknown) => (top_n !== undefined ? { top_n } : {})
const flat = (fields: Fields, documents: unknown[], top_n: unknown): Fields => ({ ...fields, documents, ...top(top_n) })

/** Where each format has the documents and the options. */
const BODIES: Record<RemoteFormat, (fields: Fields, documents: unknown[], top_n: unknown) => Fields> = {
  rerank: flat,
  jina: flat,
  tei: (fields, texts) => ({ ...fields, texts, truncate: true }),
  dashscope: ({ model, query, instruction, raw_scores, ...options }, documents, top_n) => {
    if (model === undefined) throw invalidRequest("DashScope wants the name of a model; write model: 'qwen3-rerank'")
    // Its scores are from 0 to 1 in any case.
    if (raw_scores === true) throw invalidRequest('a server of the format dashscope has no raw_scores; leave it out')
    const instruct = instruction !== undefined ? { instruct: instruction } : {}
    return { model, input: { query, documents }, parameters: { return_documents: false, ...top(top_n), ...instruct, ...options } }
  },
}

function formatContent(parts: WirePart[], format: RemoteFormat, place: string): unknown {
  if (parts.every((part) => part.type === 'text')) return parts.map((part) => part.text).join('')
  if (format === 'tei') throw invalidRequest(`${place} holds a picture or video, but the server reads text only; give its text`)
  if (format === 'rerank') return { content: parts.map(formatPart) }
  const [only, ...more] = parts
  if (only?.type !== 'image' || more.length > 0) {
    throw invalidRequest(`${place} must be text or one picture for a server of the format ${format}`)
  }
  return { image: format === 'jina' ? headless(only.url) : only.url }
}

function formatPart(part: WirePart): Fields {
  if (part.type === 'text') return part
  const type = `${part.type}_url`
  return { type, [type]: { url: part.url } }
}
