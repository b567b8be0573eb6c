// The weights tab: the user's own weights from a URL or a file, and what is stored on this device.
import { catalogueCards } from './catalogue.js'
import { $, bytes, errorText, input, isAbort, query } from './dom.js'
import { catalogueLibrary, library } from './library.js'
import { stepOf } from './progress.js'
import { modelName, models, storedRow } from './stored.js'

/** @import { Model, ModelSpec } from './model.js' */
/** @import { StoredModel } from './stored.js' */

/** @typedef {'model' | 'vision'} Role */
/** @typedef {Record<Role, File | undefined>} PickedFiles */

/**
 * Wires the tab.
 *
 * @param {Model} model
 * @param {() => ModelSpec | undefined} demoSpec
 * @param {(id: string) => void} openTab
 */
export function weightsTab(model, demoSpec, openTab) {
  const problem = (/** @type {string} */ text) => {
    $('#weights-problem').textContent = text
  }
  const setState = (/** @type {string} */ text) => {
    $('#weights-state').textContent = text
  }
  /** @type {PickedFiles} */
  const files = { model: undefined, vision: undefined }
  /** @type {string | undefined} */
  let drawn

  /** @param {ModelSpec} [chosen]  from the catalogue; without one, what the form says */
  async function load(chosen) {
    problem('')
    setState('')
    try {
      const spec = chosen ?? (await specFromForm(files))
      await model.load(spec, { keep: true })
      openTab(model.info?.vision ? 'pictures' : 'texts')
    } catch (error) {
      if (!isAbort(error)) problem(errorText(error))
      else setState('Stopped. What was fetched so far is kept where this browser can store it; load again to continue.')
    }
    await refresh()
  }

  $('#weights-form').addEventListener('submit', (event) => {
    event.preventDefault()
    load()
  })
  $('#weights-cancel').addEventListener('click', () => model.stop())
  $('#weights-demo').addEventListener('click', () => {
    const spec = demoSpec()
    if (spec) model.load(spec).catch(() => {})
  })
  for (const role of /** @type {Role[]} */ (['model', 'vision'])) {
    const picker = input(`#weights-${role}-file`)
    picker.addEventListener('change', () => setFile(role, picker.files?.[0]))
    $(`#weights-${role}`).addEventListener('input', () => setFile(role, undefined))
  }
  model.addEventListener('change', draw)
  draw()

  /** Sets a picked file and clears the address, or the other way round. @param {Role} role @param {File | undefined} file */
  function setFile(role, file) {
    files[role] = file
    input(file ? `#weights-${role}` : `#weights-${role}-file`).value = ''
  }

  function draw() {
    const userProvided = model.spec?.userProvided ?? false
    const loading = model.phase === 'loading' && userProvided
    $('#weights-cancel').hidden = !loading
    $('#weights-demo').hidden = loading || !userProvided
    $('#weights-progress').hidden = !loading
    if (!loading) return
    $('#weights-step').textContent = stepOf(model.progress)
    query('#weights-bar', HTMLProgressElement).value = model.progress?.overall.fraction ?? 0
  }

  /** Fills in the catalogue, once. */
  async function showCatalogue() {
    if ($('#catalogue').childElementCount > 0) return
    const { models: published } = await catalogueLibrary()
    $('#catalogue').replaceChildren(...catalogueCards(published, load))
  }

  async function refresh() {
    showCatalogue().catch((error) => problem(`The catalogue could not be loaded. ${errorText(error)}`))
    $('#storage-room').textContent = await storageUse()
    try {
      const { cache } = await library()
      const stored = await cache.list()
      // Redrawing would lose the result that a row's check has shown.
      const key = JSON.stringify(stored)
      if (drawn === key) return
      drawn = key
      const rows = models(stored).map((group) => storedRow(group, cache, { use, problem, refresh }))
      $('#stored').replaceChildren(...rows)
      $('#stored-none').hidden = rows.length > 0
    } catch (error) {
      $('#storage-room').textContent = `What is stored could not be read: ${errorText(error)}`
    }
  }

  /** Fills in the address of a stored model; the user starts the load. @param {StoredModel} stored */
  function use({ url, vision }) {
    const role = vision ? 'vision' : 'model'
    setFile(role, undefined)
    input(`#weights-${role}`).value = url
    $(`#weights-${role}`).focus()
  }

  return {
    /** Takes dropped GGUF files. @param {File[]} dropped */
    drop(dropped) {
      for (const file of dropped) setFile(/mmproj/i.test(file.name) ? 'vision' : 'model', file)
      openTab('weights')
      if (files.model) load()
      else problem('This is a vision tower (mmproj). Give the model’s .gguf too.')
    },
    refresh,
  }
}

/** @param {PickedFiles} files @returns {Promise<ModelSpec>} */
async function specFromForm(files) {
  const [weights, vision] = [files.model ?? input('#weights-model').value.trim(), files.vision ?? input('#weights-vision').value.trim()]
  if (!weights) throw new Error('Give the address of a model, or choose a file.')
  for (const address of [weights, vision]) if (typeof address === 'string' && address) checkAddress(address)
  const name = weights instanceof File ? weights.name : modelName(weights)
  return { name, model: weights, vision: vision || null, userProvided: true, trained: true }
}

/** @param {string} address */
function checkAddress(address) {
  if (address.startsWith('hf:')) return
  let url
  try {
    url = new URL(address, document.baseURI)
  } catch {
    throw new Error(`“${address}” is not a web address.`)
  }
  if (!/^https?:$/.test(url.protocol)) throw new Error(`“${address}” does not begin with https:// or hf:.`)
}

async function storageUse() {
  const { usage = 0, quota } = (await navigator.storage?.estimate?.()) ?? {}
  return quota ? `This browser lets the page store ${bytes(quota)}; ${bytes(usage)} are used.` : ''
}
