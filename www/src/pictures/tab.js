// All of the picture tab: the gallery, the visitor's pictures and texts, and clips with their player. Fetched when the tab is first opened.
import { $, bytes, el, errorText } from '../dom.js'
import { loadGallery, userPicture, userText } from '../items.js'
import { ClipDialog } from './clip-dialog.js'
import { ClipTaker, isClip } from './clips.js'
import { PicturesPanel } from './panel.js'

/** @import { DropZone } from '../drag-and-drop.js' */
/** @import { Item } from '../items.js' */
/** @import { Model, ModelSpec } from '../model.js' */

const INSTRUCTION = "Retrieve images or text relevant to the user's query."
const LARGEST_TEXT_FILE = 1 << 20
const USER_MODEL_NOTICE = 'Your own weights: press Enter to rerank. 20 candidates are read unless you choose more.'
const CLIP_NOTICE =
  'The demo’s small model knows emoji only. To find what happens in a real clip, load a model that sees, such as Qwen3-VL-Reranker, under “Your weights”.'
const UNTRAINED_NOTICE = 'This build has no trained model. The stand-in has random weights: its order means nothing.'
const PICTURE_QUERY_NOTICE = 'The demo model was trained with words as queries only. Do not expect good results for a picture.'

export class PicturesTab {
  #panel
  #clips
  /** @type {Item[]} */
  #gallery = []
  #texts = 0

  /** @param {HTMLElement} root @param {Model} model @param {{ query: string | null, onRetry: () => void }} options */
  constructor(root, model, { query, onRetry }) {
    const panel = new PicturesPanel(root, model, {
      onFiles: (files) => this.addFiles(files, 'add'),
      onQueryFile: (file) => this.addFiles([file], 'query'),
      onText: (text) => panel.add([userText(text, `Your text ${++this.#texts}`)]),
      onPlay: (item) => player.open(item),
      onRetry,
      instruction: INSTRUCTION,
      label: 'Search the pictures',
      query: query ?? 'something to cut paper',
      how: 'from pixels',
      notice: noticeOf,
      shown: 20,
      limits: [20, 60, 120, Infinity],
      examples: ['something to cut paper', 'keeps you dry in the rain', 'takes photos', 'animal that gives milk', 'I am very sad'],
    })
    const player = new ClipDialog({ onSimilar: (item) => panel.usePicture(item), onRemove: (item) => panel.removeClip(item) })
    this.#panel = panel
    this.#clips = new ClipTaker(root, (items) => panel.add(items))
  }

  /** Fetches the gallery. Throws if it cannot be had. */
  async open() {
    try {
      const { items, source } = await loadGallery()
      this.#gallery = items
      this.#panel.add(items)
      $('#about-gallery').replaceChildren(`Pictures: ${source}. `, el('a', { href: 'NOTICE.txt' }, 'Their licences'), '.')
    } catch (error) {
      this.#panel.problem(`The gallery could not be loaded. ${errorText(error)}`)
      throw error
    }
  }

  /** Pictures for measurements. */
  get gallery() {
    return this.#gallery
  }

  shown() {
    this.#panel.shown()
  }

  cancel() {
    this.#panel.cancel()
  }

  stop() {
    this.#panel.stop()
  }

  /** Adds pictures, clips and texts, or searches with a picture. @param {File[]} files @param {DropZone} zone */
  async addFiles(files, zone) {
    const films = files.filter(isClip)
    /** @type {string[]} */
    const problems = []
    /** @type {Item[]} */
    const items = []
    for (const file of files.filter((file) => !films.includes(file))) {
      try {
        items.push(await itemOf(file))
      } catch (error) {
        problems.push(errorText(error))
      }
    }
    const picture = zone === 'query' ? items.find(({ kind }) => kind === 'picture') : undefined
    if (picture) this.#panel.usePicture(picture)
    else if (items.length > 0) this.#panel.add(items)
    if (films.length > 0) problems.push(...(await this.#clips.add(films)))
    if (problems.length > 0) this.#panel.problem(problems.join(' '))
  }
}

/** @param {ModelSpec | undefined} spec @param {{ pictureQuery: boolean, moments: boolean }} about */
function noticeOf(spec, { pictureQuery, moments }) {
  if (!spec) return ''
  if (spec.userProvided) return USER_MODEL_NOTICE
  if (!spec.trained) return UNTRAINED_NOTICE
  // The documentation's model, until that of the pictures is there.
  if (!spec.vision) return ''
  if (moments) return CLIP_NOTICE
  return pictureQuery ? PICTURE_QUERY_NOTICE : ''
}

/** @param {File} file @returns {Promise<Item>} */
async function itemOf(file) {
  if (file.type.startsWith('image/')) return userPicture(file)
  if (!/^text\//.test(file.type) && !/\.(txt|md)$/i.test(file.name))
    throw new Error(`“${file.name}” is neither a picture nor a clip nor a text file nor a GGUF.`)
  if (file.size > LARGEST_TEXT_FILE) throw new Error(`“${file.name}” has ${bytes(file.size)}; texts of at most ${bytes(LARGEST_TEXT_FILE)} are read.`)
  const text = (await file.text()).trim()
  if (!text) throw new Error(`“${file.name}” is empty.`)
  return userText(text, file.name)
}
