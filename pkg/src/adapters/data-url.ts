// Pictures as `data:` URLs, the one form that every server reads without asking anyone else.
import { absolute } from '../attachments.js'
import { SecondpassError } from '../errors.js'
import type { Picture } from '../types.js'

/** The first bytes of what servers decode. Base64 is `data:` without its head, so the same table names it. */
const KINDS: [type: string, bytes: number[], base64: string][] = [
  ['image/png', [0x89, 0x50, 0x4e, 0x47], 'iVBORw'],
  ['image/jpeg', [0xff, 0xd8, 0xff], '/9j/'],
  ['image/gif', [0x47, 0x49, 0x46, 0x38], 'R0lGOD'],
  ['image/webp', [0x52, 0x49, 0x46, 0x46], 'UklGR'],
  ['image/bmp', [0x42, 0x4d], 'Qk'],
]
/** Shorter strings of these letters are more likely a path than a picture: the smallest PNG has 67 bytes. */
const LEAST_BASE64 = 64
/** A call's arguments live on the stack. */
const CHUNK = 0x8000

/** A picture in any form, as a `data:` URL; an address on another host that a page may not read stays an address. */
export async function toDataUrl(picture: Picture, fetcher: typeof fetch, signal?: AbortSignal): Promise<string> {
  const url = addressOf(picture)
  if (url?.startsWith('data:')) return url
  if (url !== undefined) return fetched(url, fetcher, signal)
  if (picture instanceof Blob) return encoded(await picture.arrayBuffer(), picture.type)
  if (picture instanceof ArrayBuffer) return encoded(picture)
  if (ArrayBuffer.isView(picture)) return encoded(picture)
  return drawn(picture as Drawable)
}

/** Bare base64 of a picture, as some clients send it, becomes a `data:` URL; anything else stays as it is. */
export function fromBase64(text: string): string {
  if (text.length < LEAST_BASE64) return text
  const type = KINDS.find(([, , start]) => text.startsWith(start))?.[0]
  return type && /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(text) ? `data:${type};base64,${text}` : text
}

function addressOf(picture: Picture): string | undefined {
  if (typeof picture === 'string') return absolute(picture)
  if (picture instanceof URL) return picture.href
  if (typeof HTMLImageElement !== 'undefined' && picture instanceof HTMLImageElement) return picture.currentSrc || picture.src
  return 'url' in picture && typeof picture.url === 'string' ? absolute(picture.url) : undefined
}

async function fetched(url: string, fetcher: typeof fetch, signal?: AbortSignal): Promise<string> {
  let response: Response
  try {
    response = await fetcher(url, signal ? { signal } : {})
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    // Another host's picture without CORS: the server may read what this page may not.
    if (/^https?:/.test(url)) return url
    throw unavailable(url, (error as Error).message)
  }
  if (!response.ok) throw unavailable(url, `status ${response.status}`)
  return encoded(await response.arrayBuffer(), response.headers.get('content-type') ?? '')
}

const unavailable = (url: string, why: string) =>
  new SecondpassError('image_unavailable', 400, `The picture ${url.slice(0, 200)} could not be read: ${why}.`)

function encoded(source: ArrayBuffer | ArrayBufferView, claimed = ''): string {
  const bytes = ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source)
  const type = KINDS.find(([, start]) => start.every((byte, i) => bytes[i] === byte))?.[0]
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return `data:${type ?? (claimed.split(';')[0]?.trim() || 'application/octet-stream')};base64,${btoa(text)}`
}

type Drawable = Exclude<CanvasImageSource, SVGImageElement> | ImageData

async function drawn(source: Drawable): Promise<string> {
  const [width, height] = sizeOf(source)
  if (!width || !height || typeof OffscreenCanvas === 'undefined') {
    throw new SecondpassError('invalid_request', 400, 'invalid request: a picture is of no kind that can be sent, or is not ready to be')
  }
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  if (source instanceof ImageData) context?.putImageData(source, 0, 0)
  else context?.drawImage(source, 0, 0)
  return encoded(await (await canvas.convertToBlob({ type: 'image/png' })).arrayBuffer())
}

function sizeOf(source: Drawable): [number, number] {
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight]
  if ('videoWidth' in source) return [source.videoWidth, source.videoHeight]
  return [Number(source.width) || 0, Number(source.height) || 0]
}
