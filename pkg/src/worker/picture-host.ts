// The pictures of a request, in the worker: fetched, read, and drawn where only a browser can decode them.

import { hasCredentials, printable } from '../content/addresses.js'
import { isBitmap } from '../content/bitmaps.js'
import { type Pixels, pixelsOf } from '../content/pictures.js'
import { messageOf } from '../errors.js'
import { policyBlock } from '../policy.js'
import type { Attachment } from '../protocol.js'
import type { MemoryWatch } from './memory.js'

/** Larger than any picture that a page would show. */
const MAX_BYTES = 256 * 2 ** 20

/** What the engine asks for the pictures of one request. */
export class PictureHost {
  readonly #attachments: (Attachment | null)[]
  readonly #signal: AbortSignal
  readonly #memory: MemoryWatch
  readonly #drawOnPage: (bytes: ArrayBuffer) => Promise<Pixels>

  constructor(attachments: (Attachment | null)[], signal: AbortSignal, memory: MemoryWatch, drawOnPage: (bytes: ArrayBuffer) => Promise<Pixels>) {
    this.#attachments = attachments
    this.#signal = signal
    this.#memory = memory
    this.#drawOnPage = drawOnPage
  }

  /** The bytes of a file, or pixels, of an address or of an attachment's number. */
  async load(reference: string | number): Promise<Uint8Array | Pixels> {
    try {
      return await (typeof reference === 'string' ? this.#fetch(reference) : this.#attached(this.#attachments[reference]))
    } finally {
      this.#memory.watchNextTurn()
    }
  }

  async #attached(attachment: Attachment | null | undefined): Promise<Uint8Array | Pixels> {
    if (attachment instanceof Blob) return new Uint8Array(await bounded(attachment, attachment.size).arrayBuffer())
    if (attachment instanceof ArrayBuffer) return new Uint8Array(bounded(attachment, attachment.byteLength))
    if (isBitmap(attachment)) return pixelsOf(attachment)
    if (attachment instanceof ImageData) return attachment
    throw new Error(attachment?.refused ?? 'it was not sent along with the request')
  }

  /** Decodes bytes of a kind that the engine does not know. */
  async decode(bytes: Uint8Array): Promise<Pixels> {
    try {
      return await this.#decode(bytes.slice().buffer as ArrayBuffer)
    } finally {
      this.#memory.watchNextTurn()
    }
  }

  async #decode(bytes: ArrayBuffer): Promise<Pixels> {
    let bitmap: ImageBitmap
    try {
      bitmap = await createImageBitmap(new Blob([bytes]), { premultiplyAlpha: 'none', colorSpaceConversion: 'none', imageOrientation: 'none' })
    } catch {
      return this.#drawOnPage(bytes)
    }
    try {
      return pixelsOf(bitmap)
    } finally {
      bitmap.close()
    }
  }

  async #fetch(url: string): Promise<Uint8Array> {
    if (hasCredentials(url)) throw new Error(`the address ${printable(url)} holds a user name or a password, with which a page cannot fetch`)
    const response = await this.#answer(url)
    if (!response.ok) throw new Error(`${printable(url)} gave HTTP ${response.status}`)
    const length = Number(response.headers.get('content-length') ?? 0)
    if (length > MAX_BYTES) await response.body?.cancel()
    bounded(response, length)
    return new Uint8Array(await readBody(response))
  }

  async #answer(url: string): Promise<Response> {
    const since = performance.now()
    try {
      return await fetch(url, { signal: this.#signal })
    } catch (error) {
      const blocked = this.#signal.aborted ? undefined : await policyBlock(since, 'connect-src', 'default-src')
      throw new Error(`${printable(url)} could not be fetched: ${blocked ?? messageOf(error)}`)
    }
  }
}

/** Stops where a body grows too long: `content-length` may be absent or wrong. */
async function readBody(response: Response): Promise<ArrayBuffer> {
  const reader = response.body?.getReader()
  if (!reader) return response.arrayBuffer()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    if (!value) continue
    length += value.byteLength
    if (length > MAX_BYTES) await reader.cancel()
    bounded(value, length)
    chunks.push(value as Uint8Array<ArrayBuffer>)
  }
  return new Blob(chunks).arrayBuffer()
}

function bounded<T>(thing: T, bytes: number): T {
  if (bytes > MAX_BYTES) throw new Error(`it has ${bytes} bytes; at most ${MAX_BYTES} are read`)
  return thing
}
