// Draws in the page what a worker cannot decode: SVG, and formats that only an image element knows.
import { type Pixels, tooLarge } from '../content/pictures.js'

/** An SVG is drawn on the page's own thread and has no pixels of its own: a larger one is drawn at a smaller scale. */
const MAX_SVG_PIXELS = 2 ** 22
/** What browsers assume for an SVG without a size. */
const [DEFAULT_WIDTH, DEFAULT_HEIGHT] = [300, 150]
/** An SVG may begin with comments, but not with much. */
const HEAD_BYTES = 1024

/** Pixels of a file. Its size is known, and bounded, before any of it is drawn. */
export async function rasterize(bytes: ArrayBuffer): Promise<Pixels> {
  const isSvg = /<svg[\s>]/i.test(new TextDecoder().decode(bytes.slice(0, HEAD_BYTES)))
  const url = URL.createObjectURL(new Blob([bytes], { type: isSvg ? 'image/svg+xml' : '' }))
  try {
    const image = await loaded(url)
    const [width, height] = [image.naturalWidth || DEFAULT_WIDTH, image.naturalHeight || DEFAULT_HEIGHT]
    const refused = isSvg ? undefined : tooLarge(width, height)
    if (refused) throw new Error(refused)
    const scale = isSvg ? Math.min(1, Math.sqrt(MAX_SVG_PIXELS / (width * height))) : 1
    return drawn(image, Math.max(1, Math.floor(width * scale)), Math.max(1, Math.floor(height * scale)))
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** The `load` event tells the size; `decode()` would draw the file at it first. */
function loaded(url: string): Promise<HTMLImageElement> {
  const image = new Image()
  return new Promise((resolve, reject) => {
    image.onload = () => resolve(image)
    image.onerror = () => reject(new Error('it is not an image that this browser knows'))
    image.src = url
  })
}

function drawn(image: HTMLImageElement, width: number, height: number): ImageData {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('no canvas')
  context.drawImage(image, 0, 0, width, height)
  return context.getImageData(0, 0, width, height)
}
