// What a picture in the page may be, where it is, and how large.
import { invalidRequest } from '../errors.js'
import { absoluteUrl } from './addresses.js'
import type { Picture } from './types.js'

/** Pixels of the largest picture that is drawn or copied. The decoder's own limit (src/media): 8192 × 8192. */
export const MAX_PIXELS = 2 ** 26

/** Pixels, four bytes each, alpha not premultiplied. */
export interface Pixels {
  width: number
  height: number
  data: Uint8ClampedArray
}

/** What a canvas can draw, and bare pixels. */
export type Drawable = Exclude<CanvasImageSource, SVGImageElement> | ImageData

/** Throws if the value is no picture, or its bytes are gone, before anything is sent. */
export function checkPicture(value: unknown, place: string): Picture {
  if (typeof value === 'string' && value.trim() !== '') return value
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw noPicture(place)
  if (isPlain(value) && !(typeof value.url === 'string' && value.url.trim() !== '')) throw noPicture(place)
  if (isDetached(value)) throw invalidRequest(`${place}: the buffer of a picture was transferred elsewhere, so its bytes are gone; pass a copy of it`)
  return value as Picture
}

const noPicture = (place: string) =>
  invalidRequest(`${place}: a picture must be a URL, a data: URL, the bytes of a file, an object that can be drawn or one with url, and not be empty`)

const isPlain = (value: object): value is Record<string, unknown> => [Object.prototype, null].includes(Object.getPrototypeOf(value))

/** `ArrayBuffer.prototype.detached` is younger than some browsers; a view of a detached buffer cannot be made in any. */
function isDetached(value: object): boolean {
  const buffer = typeof ImageData !== 'undefined' && value instanceof ImageData ? value.data.buffer : ArrayBuffer.isView(value) ? value.buffer : value
  if (!(buffer instanceof ArrayBuffer)) return false
  try {
    new Uint8Array(buffer)
    return false
  } catch {
    return true
  }
}

/** The address of a picture that has one. An image element's file is decoded by the package, not by the browser. */
export function addressOf(picture: Picture): string | undefined {
  if (typeof picture === 'string') return absoluteUrl(picture)
  if (picture instanceof URL) return picture.href
  if (typeof HTMLImageElement !== 'undefined' && picture instanceof HTMLImageElement) return picture.currentSrc || picture.src || undefined
  return isPlain(picture) ? absoluteUrl((picture as { url: string }).url) : undefined
}

/** Width and height in pixels; 0 where there are none (yet). */
export function sizeOf(source: Drawable): [width: number, height: number] {
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight]
  if ('videoWidth' in source) return [source.videoWidth, source.videoHeight]
  if ('naturalWidth' in source) return [source.naturalWidth, source.naturalHeight]
  return [Number(source.width) || 0, Number(source.height) || 0]
}

/** Says why a picture would take too much memory once it is drawn; undefined if it would not. */
export const tooLarge = (width: number, height: number): string | undefined =>
  width * height > MAX_PIXELS ? `it has ${width} × ${height} pixels, more than the ${MAX_PIXELS} that are drawn; give a smaller one` : undefined

/** The pixels of a bitmap. */
export function pixelsOf(bitmap: ImageBitmap): ImageData {
  const { width, height } = bitmap
  const refused = tooLarge(width, height)
  if (refused) throw new Error(refused)
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('no canvas could be made')
  context.drawImage(bitmap, 0, 0)
  return context.getImageData(0, 0, width, height)
}
