// Pictures as `data:` URLs, the one form that every server reads without asking anyone else.
import { hasCredentials, printable } from '../content/addresses.js'
import { typeOfBytes } from '../content/file-types.js'
import { addressOf, type Drawable, sizeOf, tooLarge } from '../content/pictures.js'
import type { Picture } from '../content/types.js'
import { invalidRequest, messageOf, SecondpassError } from '../errors.js'

/** A call's arguments live on the stack. */
const CHUNK = 0x8000

/** A picture in any form, as a `data:` URL; an address on another host that a page may not read stays an address. */
export async function toDataUrl(picture: Picture, fetcher: typeof fetch, signal?: AbortSignal): Promise<string> {
  const url = addressOf(picture)
  if (url?.startsWith('data:')) return url
  if (url !== undefined) return fetched(url, fetcher, signal)
  try {
    return await ownBytes(picture)
  } catch (error) {
    if (error instanceof SecondpassError) throw error
    // A file that was deleted or changed since it was picked, a canvas with pixels of another origin, a closed bitmap.
    throw new SecondpassError('image_unavailable', 400, `A picture cannot be sent: ${messageOf(error)}.`)
  }
}

async function ownBytes(picture: Picture): Promise<string> {
  if (picture instanceof Blob) return encoded(await picture.arrayBuffer(), picture.type)
  if (picture instanceof ArrayBuffer || ArrayBuffer.isView(picture)) return encoded(picture)
  return drawn(picture as Drawable)
}

async function fetched(url: string, fetcher: typeof fetch, signal?: AbortSignal): Promise<string> {
  if (hasCredentials(url)) throw unavailable(url, 'its address holds a user name or a password, with which a page cannot fetch')
  let response: Response
  try {
    response = await fetcher(url, signal ? { signal } : {})
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    // Another host's picture without CORS: the server may read what this page may not.
    if (/^https?:/.test(url)) return url
    throw unavailable(url, messageOf(error))
  }
  if (!response.ok) throw unavailable(url, `status ${response.status}`)
  try {
    return encoded(await response.arrayBuffer(), response.headers.get('content-type') ?? '')
  } catch (error) {
    throw signal?.aborted ? signal.reason : unavailable(url, messageOf(error))
  }
}

const unavailable = (url: string, why: string) => new SecondpassError('image_unavailable', 400, `The picture ${printable(url)} could not be read: ${why}.`)

function encoded(source: ArrayBuffer | ArrayBufferView, claimed = ''): string {
  const bytes = ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source)
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return `data:${typeOfBytes(bytes) ?? (claimed.split(';')[0]?.trim() || 'application/octet-stream')};base64,${btoa(text)}`
}

async function drawn(source: Drawable): Promise<string> {
  const [width, height] = sizeOf(source)
  if (!width || !height || typeof OffscreenCanvas === 'undefined') throw invalidRequest('a picture is of no kind that can be sent, or is not ready to be')
  const refused = tooLarge(width, height)
  if (refused) throw new SecondpassError('image_too_large', 413, `A picture cannot be sent: ${refused}.`)
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  if (source instanceof ImageData) context?.putImageData(source, 0, 0)
  else context?.drawImage(source, 0, 0)
  return encoded(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())
}
