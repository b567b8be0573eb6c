// Content for a server: its parts in one order, pictures as URLs.
import type { ContentOf, VideoOf } from '../content/schema.js'
import { invalidRequest } from '../errors.js'

/** A picture whose text is set once it is encoded. */
export interface EncodedPicture {
  url: string
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
  const bytes = frames.map(({ url }) => /^data:[^,]*;base64,([^,]*)$/.exec(url)?.[1])
  if (bytes.includes(undefined)) throw invalidRequest('the frames of a video must be pictures that this page can read')
  return { type: 'video', url: `data:video/jpeg;base64,${bytes.join(',')}` }
}
