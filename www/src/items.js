// What can be searched: gallery pictures, passages, and what the reader adds.
import { PASSAGES } from './passages.js'

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {'picture' | 'text'} kind
 * @property {string} name
 * @property {string[]} keywords   what the first pass may search, besides the name and the text
 * @property {string} [text]
 * @property {{ url: string, x: number, y: number, width: number, height: number, side: number }} [sprite]
 * @property {string} [url]        of a picture that is a file of its own
 * @property {() => unknown} content   what the reranker reads
 * @property {boolean} own         added by the reader
 */

/** The pictures of the gallery, cut from one sheet. */
export async function loadGallery(folder = 'gallery/') {
  const about = await (await ok(await fetch(`${folder}gallery.json`))).json()
  const url = folder + about.sprite
  const sheet = sheetOf(url)
  const rows = about.rows ?? Math.ceil(about.items.length / about.columns)
  const size = { side: about.side, width: about.columns * about.side, height: rows * about.side }
  const items = about.items.map((item) => ({
    id: item.id, kind: 'picture', name: item.name, keywords: item.keywords, own: false,
    sprite: { url, x: item.x, y: item.y, ...size },
    content: async () => ({ image: (await sheet())(item.x, item.y, about.side) }),
  }))
  return { items, source: about.source }
}

/** Pixels are read when they are first asked for, and kept: the same picture is then known again. */
function sheetOf(url) {
  let reading
  const cut = new Map()
  const read = async () => {
    const blob = await (await ok(await fetch(url))).blob()
    const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none' })
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
    const context = canvas.getContext('2d', { willReadFrequently: true })
    context.drawImage(bitmap, 0, 0)
    bitmap.close()
    return (x, y, side) => {
      const key = `${x},${y}`
      if (!cut.has(key)) cut.set(key, context.getImageData(x, y, side, side))
      return cut.get(key)
    }
  }
  return () => {
    reading ??= read().catch((error) => { reading = undefined; throw error })
    return reading
  }
}

async function ok(response) {
  if (!response.ok) throw new Error(`${response.url} gave HTTP ${response.status}.`)
  return response
}

/** The passages of the text tab. */
export const passages = () => PASSAGES.map(([name, text], n) => ({
  id: `passage-${n}`, kind: 'text', name, text, keywords: [], own: false, content: () => text,
}))

let added = 0

/** A text that the reader wrote. */
export function ownText(text, name = 'Your text') {
  return { id: `own-${++added}`, kind: 'text', name, text, keywords: [], own: true, content: () => text }
}

/** A picture that the reader gave. Rejects what the browser cannot show. */
export async function ownPicture(file) {
  const url = URL.createObjectURL(file)
  const image = new Image()
  image.src = url
  try {
    await image.decode()
  } catch {
    URL.revokeObjectURL(url)
    throw new Error(`“${file.name || 'The picture'}” could not be read as a picture.`)
  }
  const name = (file.name || 'picture').replace(/\.[^.]+$/, '').replaceAll(/[_-]+/g, ' ')
  return { id: `own-${++added}`, kind: 'picture', name, keywords: [], url, own: true, content: () => ({ image: file }) }
}
