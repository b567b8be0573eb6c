// Packs a request for workers: its query and documents as JSON, and the bytes and pixels that JSON cannot hold as attachments.

import { EMBED_CHECKS, placeOfInput, readInputs } from '../content/inputs.js'
import { addressOf, type Drawable, sizeOf, tooLarge } from '../content/pictures.js'
import { REQUEST_CHECKS, readRequest } from '../content/request.js'
import { placeOfDocument } from '../content/schema.js'
import type { Picture } from '../content/types.js'
import { invalidRequest, messageOf, unreadable } from '../errors.js'
import type { Attachment } from '../protocol.js'

/** The query or a document as JSON, which names its attachments by number, and what it holds of pictures. */
export interface PackedContent {
  json: string
  attachments: Set<number>
  /** Pictures and frames, wherever their bytes are. */
  pictures: number
}

/** A request whose documents can be sent apart from each other. */
export interface PackedRequest {
  /** The fields beside query and documents, as JSON. */
  fields: string
  instruction: string
  /** Undefined in a request that has none. */
  query: PackedContent | undefined
  documents: PackedContent[]
  attachments: Attachment[]
}

/** Replaces every picture by its absolute URL or by `{ $attachment: n }`. */
export async function packRequest(request: unknown): Promise<PackedRequest> {
  return asPacked(() => pack(request))
}

async function asPacked(packing: () => Promise<PackedRequest>): Promise<PackedRequest> {
  try {
    return await packing()
  } catch (error) {
    throw unreadable(error)
  }
}

async function pack(request: unknown): Promise<PackedRequest> {
  const pictures = new AttachedPictures()
  const { query, documents, fields } = readRequest(request, (picture, place) => pictures.add(picture, place), 'similar')
  const packed = (content: unknown, place: string): PackedContent => ({ json: JSON.stringify(content), ...pictures.of(place) })
  return {
    ...known(fields, REQUEST_CHECKS),
    query: packed(query, 'query'),
    documents: documents.map((document, i) => packed(document, placeOfDocument(i))),
    attachments: await Promise.all(pictures.list.map(portable)),
  }
}

/** The same of a request for vectors, whose inputs stand where documents do. */
export async function packInputs(request: unknown): Promise<PackedRequest> {
  return asPacked(async () => {
    const pictures = new AttachedPictures()
    const { inputs, fields } = readInputs(request, (picture, place) => pictures.add(picture, place))
    return {
      ...known(fields, EMBED_CHECKS),
      query: undefined,
      documents: inputs.map((input, i) => ({ json: JSON.stringify(input), ...pictures.of(placeOfInput(i)) })),
      attachments: await Promise.all(pictures.list.map(portable)),
    }
  })
}

/** The fields that there are. As on a server, what is unknown has no effect. */
function known(fields: Record<string, unknown>, checks: object): Pick<PackedRequest, 'fields' | 'instruction'> {
  const own = Object.entries(fields).filter(([name]) => Object.hasOwn(checks, name))
  return { fields: JSON.stringify(Object.fromEntries(own)), instruction: (fields.instruction as string | undefined) ?? '' }
}

/** The pictures of a request that have to travel beside its JSON, each once. */
class AttachedPictures {
  readonly list: (Picture | ArrayBuffer)[] = []
  readonly #numbers = new Map<unknown, number>()
  readonly #places = new Map<string, Omit<PackedContent, 'json'>>()

  /** What the query or document at a place holds. */
  of(place: string): Omit<PackedContent, 'json'> {
    const known = this.#places.get(place) ?? { attachments: new Set<number>(), pictures: 0 }
    this.#places.set(place, known)
    return known
  }

  /** What stands for a picture in the JSON. */
  add(picture: Picture, place: string): string | { $attachment: number } {
    const held = this.of(place)
    held.pictures++
    const url = addressOf(picture)
    const number = this.#numbers.get(url ?? picture) ?? this.#attach(url, picture)
    if (number === undefined) return url as string
    held.attachments.add(number)
    return { $attachment: number }
  }

  #attach(url: string | undefined, picture: Picture): number | undefined {
    const bytes = url === undefined ? undefined : bytesOf(url)
    if (url !== undefined && !bytes) return undefined
    this.#numbers.set(url ?? picture, this.list.length)
    return this.list.push(bytes ?? picture) - 1
  }
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

async function portable(picture: Picture | ArrayBuffer): Promise<Attachment> {
  if (picture instanceof Blob) return picture
  // Copies: what the caller gave stays the caller's.
  if (picture instanceof ArrayBuffer) return picture.slice(0)
  if (ArrayBuffer.isView(picture)) return picture.buffer.slice(picture.byteOffset, picture.byteOffset + picture.byteLength) as ArrayBuffer
  const refused = tooLarge(...sizeOf(picture as Drawable))
  if (refused) return { refused }
  if (picture instanceof ImageData) return picture
  try {
    return await createImageBitmap(picture as ImageBitmapSource, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' })
  } catch (error) {
    throw invalidRequest(`a picture is of no kind that can be drawn, or is not ready to be (${messageOf(error)})`)
  }
}
