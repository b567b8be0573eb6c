// Packs a request for the worker: its body as JSON, and the bytes and pixels that JSON cannot hold as attachments.

import { addressOf, type Drawable, sizeOf, tooLarge } from '../content/pictures.js'
import { readRequest, wellFormed } from '../content/schema.js'
import type { Picture } from '../content/types.js'
import { invalidRequest, SecondpassError } from '../errors.js'
import type { Attachment } from '../protocol.js'

/** A body as JSON that names its attachments by number. */
export interface PackedRequest {
  body: string
  attachments: Attachment[]
  transfer: Transferable[]
}

/** Replaces every picture by its absolute URL or by `{ $attachment: n }`. */
export async function packRequest(request: unknown): Promise<PackedRequest> {
  try {
    return await pack(request)
  } catch (error) {
    if (error instanceof SecondpassError) throw error
    // What a caller's object can do while it is read: circular values, BigInt, getters that throw.
    throw invalidRequest(`it could not be read (${(error as Error)?.message ?? error})`)
  }
}

async function pack(request: unknown): Promise<PackedRequest> {
  const pictures: (Picture | ArrayBuffer)[] = []
  const numbers = new Map<unknown, number>()
  const attach = (picture: Picture): string | { $attachment: number } => {
    const url = addressOf(picture)
    const known = numbers.get(url ?? picture)
    if (known !== undefined) return { $attachment: known }
    const bytes = url === undefined ? undefined : bytesOf(url)
    if (url !== undefined && !bytes) return url
    numbers.set(url ?? picture, pictures.length)
    return { $attachment: pictures.push(bytes ?? picture) - 1 }
  }
  const { query, documents } = readRequest(request, attach)
  const given = request as Record<string, unknown>
  const instruction = typeof given.instruction === 'string' ? { instruction: wellFormed(given.instruction) } : {}
  const body = JSON.stringify({ ...given, ...instruction, query, documents })
  const transfer: Transferable[] = []
  return { body, attachments: await Promise.all(pictures.map((picture) => portable(picture, transfer))), transfer }
}

/**
 * The bytes of a base64 `data:` URL: as an attachment they take a quarter less memory than base64, and the body stays short.
 * Undefined for any other URL; the engine names what is wrong with one.
 */
function bytesOf(url: string): ArrayBuffer | undefined {
  const comma = /^data:[^,]*;base64,/i.exec(url)?.[0].length
  if (comma === undefined) return undefined
  try {
    return Uint8Array.from(atob(url.slice(comma)), (letter) => letter.charCodeAt(0)).buffer
  } catch {
    return undefined
  }
}

async function portable(picture: Picture | ArrayBuffer, transfer: Transferable[]): Promise<Attachment> {
  if (picture instanceof Blob) return picture
  // Copies: what the caller gave stays the caller's.
  if (picture instanceof ArrayBuffer) return picture.slice(0)
  if (ArrayBuffer.isView(picture)) return picture.buffer.slice(picture.byteOffset, picture.byteOffset + picture.byteLength) as ArrayBuffer
  const refused = tooLarge(...sizeOf(picture as Drawable))
  if (refused) return { refused }
  if (picture instanceof ImageData) return picture
  try {
    const bitmap = await createImageBitmap(picture as ImageBitmapSource, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' })
    transfer.push(bitmap)
    return bitmap
  } catch (error) {
    throw invalidRequest(`a picture is of no kind that can be drawn, or is not ready to be (${(error as Error).message})`)
  }
}
