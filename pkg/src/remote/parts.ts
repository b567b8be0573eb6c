// Content for a server: its parts in one order, pictures as URLs.
import type { ContentOf, PictureReader, VideoOf } from '../content/schema.js'
import type { Picture } from '../content/types.js'
import { invalidRequest } from '../errors.js'

/** A picture whose text is set once it is encoded. */
export interface EncodedPicture {
  url: string
}

/** Turns a picture into the text that is sent: a `data:` URL or an address. */
export type PictureEncoder = (picture: Picture) => Promise<string>

/** What `read` makes of a request; the pictures that it comes upon are encoded once all of it has been read, and so found valid. */
export async function withPictures<Read>(read: (picture: PictureReader<EncodedPicture>) => Read, encode: PictureEncoder): Promise<Read> {
  const pictures: [Picture, EncodedPicture][] = []
  const result = read((picture) => {
    const encoded = { url: '' }
    pictures.push([picture, encoded])
    return encoded
  })
  await Promise.all(
    pictures.map(async ([picture, encoded]) => {
      encoded.url = await encode(picture)
    }),
  )
  return result
}

/** A part of content for a server. */
export type WirePart = { type: 'text'; text: string } | { type: 'image'; url: string } | { type: 'video'; url: string }

/** Pictures before text, as the reference's server puts them. */
export function partsOf(content: ContentOf<EncodedPicture>): WirePart[] {
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
  const bytes = frames.map(({ url }) => base64Of(url))
  if (bytes.includes(undefined)) throw invalidRequest('the frames of a video must be pictures that this page can read')
  return { type: 'video', url: `data:video/jpeg;base64,${bytes.join(',')}` }
}

/** What a `data:` URL holds; nothing of an address, or of a URL in another encoding. */
const base64Of = (url: string): string | undefined => /^data:[^,]*;base64,([^,]*)$/.exec(url)?.[1]

/** For servers that take a picture as base64 without a head; an address stays one. */
export const headless = (url: string): string => base64Of(url) ?? url
