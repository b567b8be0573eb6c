// The pictures of a request, in the worker: fetched, read, and drawn where only a browser can decode them.
import type { Attachment } from './attachments.js'

/** Larger than any picture that a page would show. */
const MAX_BYTES = 256 * 2 ** 20
/** As in the decoder: pixels of the largest picture that is drawn. */
const MAX_PIXELS = 2 ** 26

/** Pixels, four bytes each, alpha not multiplied in. */
export interface Pixels {
  width: number
  height: number
  data: Uint8ClampedArray
}

/** What the engine asks for the pictures of one request. */
export class PictureHost {
  readonly #attachments: Attachment[]
  readonly #signal: AbortSignal
  readonly #drawOnPage: (bytes: ArrayBuffer) => Promise<Pixels>

  constructor(attachments: Attachment[], signal: AbortSignal, drawOnPage: (bytes: ArrayBuffer) => Promise<Pixels>) {
    this.#attachments = attachments
    this.#signal = signal
    this.#drawOnPage = drawOnPage
  }

  /** The bytes of a file, or pixels, of an address or of an attachment's number. */
  async load(reference: string | number): Promise<Uint8Array | Pixels> {
    if (typeof reference === 'string') return this.#fetch(reference)
    const attachment = this.#attachments[reference]
    if (attachment instanceof Blob) return new Uint8Array(await small(attachment, attachment.size).arrayBuffer())
    if (attachment instanceof ArrayBuffer) return new Uint8Array(small(attachment, attachment.byteLength))
    if (attachment instanceof ImageBitmap) return draw(attachment)
    if (attachment instanceof ImageData) return attachment
    throw new Error('it was not sent along with the request')
  }

  /** Decodes bytes of a kind that the engine does not know. */
  async decode(bytes: Uint8Array): Promise<Pixels> {
    const copy = bytes.slice().buffer as ArrayBuffer
    let bitmap: ImageBitmap
    try {
      bitmap = await createImageBitmap(new Blob([copy]), { premultiplyAlpha: 'none', colorSpaceConversion: 'none', imageOrientation: 'none' })
    } catch {
      return this.#drawOnPage(copy)
    }
    try {
      return draw(bitmap)
    } finally {
      bitmap.close()
    }
  }

  async #fetch(url: string): Promise<Uint8Array> {
    const response = await fetch(url, { signal: this.#signal })
    if (!response.ok) throw new Error(`${url} gave HTTP ${response.status}`)
    const length = Number(response.headers.get('content-length') ?? 0)
    if (length > MAX_BYTES) await response.body?.cancel()
    small(response, length)
    return new Uint8Array(await collect(response))
  }
}

/** Reads a body, and stops where it grows too long: a length need not be told, nor be true. */
async function collect(response: Response): Promise<ArrayBuffer> {
  const reader = response.body?.getReader()
  if (!reader) return response.arrayBuffer()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    if (!value) continue
    length += value.byteLength
    if (length > MAX_BYTES) await reader.cancel()
    small(value, length)
    chunks.push(value as Uint8Array<ArrayBuffer>)
  }
  return new Blob(chunks).arrayBuffer()
}

function small<T>(thing: T, bytes: number): T {
  if (bytes > MAX_BYTES) throw new Error(`it has ${bytes} bytes; at most ${MAX_BYTES} are read`)
  return thing
}

function draw(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap
  if (width * height > MAX_PIXELS) throw new Error(`it has ${width} × ${height} pixels; at most ${MAX_PIXELS} are drawn`)
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('no canvas could be made')
  context.drawImage(bitmap, 0, 0)
  return context.getImageData(0, 0, width, height)
}
