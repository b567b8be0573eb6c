// The stored models, one row each: the files of a model are used, checked and deleted together.
import { bytes, el, errorText } from './dom.js'

/** @import { CachedFile, cache } from '../../pkg/src/index.js' */

/**
 * The stored files of one model.
 *
 * @typedef {object} StoredModel
 * @property {string} url       what the model is loaded from
 * @property {string} name
 * @property {CachedFile[]} files
 * @property {boolean} vision   it is a vision tower
 * @property {number} bytes
 * @property {number} stored    how many of the bytes are stored
 * @property {boolean} complete
 */

/** The file name's end in a split GGUF. */
const SPLIT = /-\d{5}-of-(\d{5})(\.gguf)$/i

/**
 * Groups files by the address that their model is loaded from: a `.gguf`, the first file of a split one, or a folder.
 *
 * @param {CachedFile[]} files
 * @returns {StoredModel[]}
 */
export function models(files) {
  /** @type {Map<string, CachedFile[]>} */
  const groups = new Map()
  for (const file of files) {
    const url = modelUrl(file.url)
    groups.set(url, [...(groups.get(url) ?? []), file])
  }
  return [...groups].map(([url, files]) => {
    const splits = Number(SPLIT.exec(pathOf(url))?.[1] ?? 1)
    return {
      url,
      name: modelName(url),
      files,
      vision: /mmproj/i.test(modelName(url)),
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      stored: files.reduce((sum, file) => sum + file.stored, 0),
      complete: files.length >= splits && files.every(({ complete }) => complete),
    }
  })
}

/** @param {string} url */
function modelUrl(url) {
  const path = pathOf(url)
  if (!/\.gguf$/i.test(path)) return new URL('.', url).href
  return SPLIT.test(path) ? url.replace(/-\d{5}(-of-\d{5}\.gguf)/i, '-00001$1') : url
}

/** @param {string} url */
const pathOf = (url) => new URL(url, globalThis.document?.baseURI).pathname

/** A model's name by its address. Hugging Face folders end in `resolve/<revision>`, which names nothing. @param {string} url */
export function modelName(url) {
  const path = pathOf(url).replace(/\/resolve\/[^/]+\/?$/, '/')
  return decodeURIComponent(path.split('/').filter(Boolean).pop() ?? url)
}

/**
 * Creates a model's row with its buttons.
 *
 * @param {StoredModel} model
 * @param {typeof cache} store
 * @param {{ use: (model: StoredModel) => void, problem: (text: string) => void, refresh: () => Promise<void> }} actions
 */
export function storedRow(model, store, { use, problem, refresh }) {
  const { name, url, files, complete } = model
  const state = el('span', { className: 'hint' }, complete ? `${bytes(model.bytes)}, complete` : `${bytes(model.stored)} of ${bytes(model.bytes)} stored`)
  if (files.length > 1) state.append(`, ${files.length} files`)
  const action = (/** @type {string} */ text, /** @type {() => void | Promise<void>} */ run) => {
    const button = el('button', { type: 'button', aria: { label: `${text} ${name}` } }, text)
    button.addEventListener('click', async () => {
      button.disabled = true
      try {
        await run()
      } catch (error) {
        problem(errorText(error))
      }
      button.disabled = false
    })
    return button
  }
  const check = async () => {
    const results = []
    for (const file of files) results.push(...(await store.verify(file.url)))
    const bad = results.reduce((sum, file) => sum + file.bad, 0)
    state.textContent = results.every(({ ok }) => ok)
      ? 'Checked: all of it is there and undamaged.'
      : `${bytes(bad)} are missing or damaged; the next load fetches them again.`
  }
  const remove = async () => {
    // Deleting one file of a split model deletes the others; deleting them again does no harm.
    for (const file of files) await store.delete(file.url)
    await refresh()
  }
  return el(
    'li',
    {},
    el('div', {}, el('b', {}, name), el('span', { className: 'address' }, url), state),
    el(
      'div',
      { className: 'row' },
      action(complete ? 'Use' : 'Resume', () => use(model)),
      action('Check', check),
      action('Delete', remove),
    ),
  )
}
