// What goes to a `/v1/rerank` server, and what comes back, in the formats of the common servers.
import { readRequest } from '../content/request.js'
import type { ContentOf, VideoOf } from '../content/schema.js'
import { wellFormed } from '../content/text.js'
import type { Content, Picture } from '../content/types.js'
import { invalidRequest } from '../errors.js'
import type { RerankRequest } from '../types.js'

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
  const pictures: [Picture, EncodedPicture][] = []
  // Whatever a local model refuses is refused here in the same words, before anyone is asked.
  const { given, fields, ...content } = readRequest(
    request,
    (picture) => {
      const encoded = { url: '' }
      pictures.push([picture, encoded])
      return encoded
    },
    'respelt',
  )
  await Promise.all(
    pictures.map(async ([picture, encoded]) => {
      encoded.url = await encode(picture)
    }),
  )
  // The documents are here already, so no server need send them back.
  const { return_documents, top_n, ...rest } = fields
  const [first, ...others] = [content.query, ...content.documents].map((side, i) =>
    formatContent(partsOf(side), format, i === 0 ? 'query' : `documents[${i - 1}]`),
  )
  const common: Fields = { ...(model !== undefined && { model: wellFormed(model) }), ...rest, query: first }
  const list = format === 'tei' ? { texts: others, truncate: true } : { documents: others, ...(top_n !== undefined && { top_n }) }
  return { body: { ...common, ...list }, documents: given, asked: { return_documents, top_n, raw_scores: rest.raw_scores } as AskedOfServer }
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
  const bytes = frames.map(({ url }) => /^data:[^,]*;base64,([^,]*)$/.exec(url)?.[1])
  if (bytes.includes(undefined)) throw invalidRequest('the frames of a video must be pictures that this page can read')
  return { type: 'video', url: `data:video/jpeg;base64,${bytes.join(',')}` }
}
