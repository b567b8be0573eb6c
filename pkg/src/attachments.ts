// What travels beside the body of a request: bytes and pixels, which JSON cannot hold.
import { SecondpassError } from './errors.js'

/** What a worker can receive. */
export type Attachment = Blob | ArrayBuffer | ImageBitmap | ImageData

/** A body as JSON, and what it refers to by number. */
export interface Detached {
  body: string
  attachments: Attachment[]
  transfer: Transferable[]
}

const invalid = (message: string) => new SecondpassError('invalid_request', 400, `invalid request: ${message}`)

/** Replaces everything that is no JSON by `{ $attachment: n }`, and makes addresses absolute, since the worker has another base. */
export async function detach(request: unknown): Promise<Detached> {
  const attachments: Attachment[] = []
  const transfer: Transferable[] = []
  const numbers = new Map<object, number>()

  async function attach(picture: object): Promise<unknown> {
    let number = numbers.get(picture)
    if (number === undefined) {
      const url = addressOf(picture)
      if (url) return absolute(url)
      number = attachments.length
      numbers.set(picture, number)
      attachments.push(undefined as never) // keeps the place while the picture is made
      attachments[number] = await portable(picture, transfer)
    }
    return { $attachment: number }
  }

  async function picture(value: unknown): Promise<unknown> {
    if (typeof value === 'string') return absolute(value)
    if (isPlain(value)) return 'url' in value && typeof value.url === 'string' ? absolute(value.url) : value
    return value && typeof value === 'object' ? attach(value) : value
  }

  async function video(value: unknown): Promise<unknown> {
    if (Array.isArray(value)) return Promise.all(value.map((item) => (Array.isArray(item) || hasFrames(item) ? video(item) : picture(item))))
    return hasFrames(value) ? { ...value, frames: await Promise.all(value.frames.map(picture)) } : value
  }

  async function side(value: unknown): Promise<unknown> {
    if (!isPlain(value)) return value
    if ('content' in value) {
      const parts = Array.isArray(value.content) ? value.content : [value.content]
      return { content: await Promise.all(parts.map(part)) }
    }
    const out: Record<string, unknown> = {}
    if (value.text != null) out.text = value.text
    if (value.image != null) out.image = await Promise.all([value.image].flat().map(picture))
    if (value.video != null) out.video = await video(value.video)
    // An object with none of the three is for the request's own checks to name.
    return Object.keys(out).length > 0 || Object.keys(value).length === 0 || 'text' in value || 'image' in value || 'video' in value ? out : value
  }

  async function part(value: unknown): Promise<unknown> {
    if (!isPlain(value)) return value
    if (value.type === 'image_url' || value.type === 'image') return { type: 'image_url', image_url: await picture(value.image_url ?? value.image) }
    if (value.type === 'video_url' || value.type === 'video') return { type: 'video_url', video_url: await video(value.video_url ?? value.video) }
    return value
  }

  if (!isPlain(request)) throw invalid('the request must be an object with query and documents')
  const documents = request.documents
  const detached = {
    ...request,
    query: await side(request.query),
    documents: Array.isArray(documents) ? await Promise.all(documents.map(side)) : await side(documents),
  }
  return { body: JSON.stringify(detached), attachments, transfer }
}

/** The page's own address of an element's picture: its file is decoded by the package, not by the browser. */
function addressOf(picture: object): string | undefined {
  if (picture instanceof URL) return picture.href
  if (typeof HTMLImageElement !== 'undefined' && picture instanceof HTMLImageElement) return picture.currentSrc || picture.src || undefined
  return undefined
}

async function portable(picture: object, transfer: Transferable[]): Promise<Attachment> {
  if (picture instanceof Blob || picture instanceof ImageData) return picture
  // Copies: what the caller gave stays the caller's.
  if (picture instanceof ArrayBuffer) return picture.slice(0)
  if (ArrayBuffer.isView(picture)) return picture.buffer.slice(picture.byteOffset, picture.byteOffset + picture.byteLength) as ArrayBuffer
  try {
    const bitmap = await createImageBitmap(picture as ImageBitmapSource, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' })
    transfer.push(bitmap)
    return bitmap
  } catch (error) {
    throw invalid(`a picture is of no kind that can be drawn, or is not ready to be (${(error as Error).message})`)
  }
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))

const hasFrames = (value: unknown): value is { frames: unknown[] } => isPlain(value) && Array.isArray(value.frames)

/** Against the page's address. What is no address stays as it is, for the worker to say so. */
export function absolute(url: string | URL): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href).href
  } catch {
    return String(url)
  }
}

/** Draws what only a page can draw, such as SVG. */
export async function rasterize(bytes: ArrayBuffer): Promise<ImageData> {
  const head = new TextDecoder().decode(bytes.slice(0, 1024))
  const blob = new Blob([bytes], { type: /<svg[\s>]/i.test(head) ? 'image/svg+xml' : '' })
  const url = URL.createObjectURL(blob)
  try {
    const image = new Image()
    image.src = url
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.naturalWidth || 300
    canvas.height = image.naturalHeight || 150
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (!context) throw new Error('no canvas')
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    return context.getImageData(0, 0, canvas.width, canvas.height)
  } finally {
    URL.revokeObjectURL(url)
  }
}
