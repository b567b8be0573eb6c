// Clips that the user gave: one picture for each second, which joins the collection and plays the clip from there.
import { $, announce, el, errorText, plural } from '../dom.js'
import { userMoment } from '../items.js'
import { videoLibrary } from '../library.js'
import { UserClip } from '../user-clip.js'

/** @import { ClipFrame } from '../../../pkg/src/video/index.js' */
/** @import { Item } from '../items.js' */

/** A longer clip has the same number of pictures, further apart. */
const FRAMES = { fps: 1, most: 60 }
const PICTURE = { type: 'image/jpeg', quality: 0.9 }

/** Whether a file may be a clip. @param {File} file */
export const isClip = ({ type, name }) => type.startsWith('video/') || /\.(mp4|m4v|mov|webm|mkv|ogv|avi)$/i.test(name)

/** Takes the pictures of clips, one clip after the other, while a line of the page says how far it is. */
export class ClipTaker {
  #line
  #onMoments
  /** The work on the clips that were given so far. @type {Promise<void>} */
  #work = Promise.resolve()
  #stop = new AbortController()

  /** @param {HTMLElement} root  the search that they join @param {(items: Item[]) => void} onMoments */
  constructor(root, onMoments) {
    this.#line = $('.clip-state', root)
    this.#onMoments = onMoments
    $('.clip-stop', root).addEventListener('click', () => {
      this.#stop.abort()
      // What is given after that is wanted again.
      this.#stop = new AbortController()
    })
  }

  /** Resolves with what could not be read. @param {File[]} files @returns {Promise<string[]>} */
  async add(files) {
    const { signal } = this.#stop
    /** @type {string[]} */
    const problems = []
    for (const file of files) {
      this.#work = this.#work.then(async () => {
        if (signal.aborted) return
        try {
          await this.#take(file, signal)
        } catch (error) {
          problems.push(errorText(error))
        }
      })
    }
    await this.#work
    return problems
  }

  /** Pictures that were taken before a stop are kept. @param {File} file @param {AbortSignal} signal */
  async #take(file, signal) {
    this.#show(`Opening “${file.name}”…`)
    /** @type {Item[]} */
    const items = []
    const clip = new UserClip(file)
    try {
      const { framesOf } = await videoLibrary()
      const onProgress = (/** @type {{ taken: number, of: number }} */ { taken, of }) => this.#show(`Taking pictures of “${file.name}”: ${taken} of ${of}`)
      for await (const frame of framesOf(file, { ...FRAMES, signal, onProgress })) items.push(userMoment(clip, frame.time, await pictureOf(frame)))
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      this.#line.hidden = true
      for (const item of items) clip.keep(item)
      if (items.length === 0) URL.revokeObjectURL(clip.url)
      else this.#onMoments(items)
    }
    if (items.length > 0) announce(`${plural(items.length, 'moment')} of ${clip.name} joined the collection.`)
  }

  /** @param {string} text */
  #show(text) {
    $('span', this.#line).textContent = text
    this.#line.hidden = false
  }
}

/** A frame as a file, which takes a tenth of the memory. @param {ClipFrame} frame */
function pictureOf({ image }) {
  const canvas = el('canvas', { width: image.width, height: image.height })
  canvas.getContext('2d')?.putImageData(image, 0, 0)
  return new Promise((/** @type {(file: Blob) => void} */ resolve, reject) =>
    canvas.toBlob(
      (file) => (file ? resolve(file) : reject(new Error('A picture of the clip could not be kept: this device has no memory left.'))),
      PICTURE.type,
      PICTURE.quality,
    ),
  )
}
