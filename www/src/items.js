// What the picture tab searches: gallery pictures, and the user's own pictures and texts.
import { clock } from './dom.js'

/** @import { Content } from '../../pkg/src/index.js' */
/** @import { UserClip } from './user-clip.js' */

/**
 * A part of a sprite sheet.
 *
 * @typedef {{ url: string, x: number, y: number, width: number, height: number, side: number }} Sprite
 */

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {'picture' | 'text'} kind
 * @property {string} name
 * @property {string[]} keywords   what the first pass searches besides the name and the text
 * @property {string} [text]
 * @property {Sprite} [sprite]     of a gallery picture
 * @property {string} [url]        of a picture with a file of its own
 * @property {{ clip: UserClip, time: number }} [moment]  of a picture of the user's clip: where it is
 * @property {() => Content | Promise<Content>} content   what the reranker reads
 * @property {boolean} userAdded
 */

/**
 * `gallery/gallery.json`.
 *
 * @typedef {object} Gallery
 * @property {string} sprite   file name of the sheet
 * @property {number} side     pixels of a cell's side
 * @property {number} columns
 * @property {number} [rows]
 * @property {string} source   of the pictures, with their licence
 * @property {{ id: string, name: string, keywords: string[], x: number, y: number }[]} items
 */

/** Loads the gallery; its pictures are cells of one sprite sheet. */
export async function loadGallery(folder = 'gallery/') {
  /** @type {Gallery} */
  const gallery = await (await checked(await fetch(`${folder}gallery.json`))).json()
  const url = folder + gallery.sprite
  const cut = sheetCutter(url)
  const rows = gallery.rows ?? Math.ceil(gallery.items.length / gallery.columns)
  const size = { side: gallery.side, width: gallery.columns * gallery.side, height: rows * gallery.side }
  /** @type {Item[]} */
  const items = gallery.items.map(({ id, name, keywords, x, y }) => ({
    id,
    kind: 'picture',
    name,
    keywords,
    userAdded: false,
    sprite: { url, x, y, ...size },
    content: async () => ({ image: await cut(x, y, gallery.side) }),
  }))
  return { items, source: gallery.source }
}

/**
 * Cuts cells from a sheet, which is decoded on first use. Cells are kept, so that each is read from the canvas once.
 *
 * @param {string} url
 * @returns {(x: number, y: number, side: number) => Promise<ImageData>}
 */
function sheetCutter(url) {
  /** @type {Promise<OffscreenCanvasRenderingContext2D> | undefined} */
  let decoding
  /** @type {Map<string, ImageData>} */
  const cells = new Map()
  return async (x, y, side) => {
    decoding ??= decodeSheet(url).catch((error) => {
      decoding = undefined
      throw error
    })
    const context = await decoding
    const key = `${x},${y}`
    const cell = cells.get(key) ?? context.getImageData(x, y, side, side)
    cells.set(key, cell)
    return cell
  }
}

/** @param {string} url */
async function decodeSheet(url) {
  const blob = await (await checked(await fetch(url))).blob()
  const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none' })
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) throw new Error('This browser gives no 2D canvas.')
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  return context
}

/** @param {Response} response */
async function checked(response) {
  if (!response.ok) throw new Error(`${response.url} gave HTTP ${response.status}.`)
  return response
}

/** A found passage as a document for measurements. @param {{ id: string, title: string, text: string }} passage @returns {Item} */
export const passageItem = ({ id, title, text }) => ({
  id,
  kind: 'text',
  name: title,
  text,
  keywords: [],
  userAdded: false,
  content: () => `${title}\n${text}`,
})

let added = 0

/**
 * A text that the user wrote or dropped.
 *
 * @param {string} text
 * @param {string} name
 * @returns {Item}
 */
export function userText(text, name) {
  return { id: `own-${++added}`, kind: 'text', name, text, keywords: [], userAdded: true, content: () => text }
}

/**
 * A picture that the user gave. Rejects what the browser cannot decode.
 *
 * @param {File} file
 * @returns {Promise<Item>}
 */
export async function userPicture(file) {
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
  return { id: `own-${++added}`, kind: 'picture', name, keywords: [], url, userAdded: true, content: () => ({ image: file }) }
}

/**
 * A picture of a clip that the user gave.
 *
 * @param {UserClip} clip
 * @param {number} time
 * @param {Blob} picture
 * @returns {Item}
 */
export function userMoment(clip, time, picture) {
  const url = URL.createObjectURL(picture)
  const name = `${clip.name} ${clock(time)}`
  return { id: `own-${++added}`, kind: 'picture', name, keywords: [], url, moment: { clip, time }, userAdded: true, content: () => ({ image: picture }) }
}

/** The pixels of a gallery picture. @param {Item} item @returns {Promise<ImageData>} */
export async function pixelsOf(item) {
  const content = await item.content()
  if (typeof content === 'string' || !('image' in content) || !(content.image instanceof ImageData))
    throw new TypeError(`${item.name} is not a gallery picture`)
  return content.image
}
