// Weights of the reader's own: from a URL or a file, with what is stored of them.
import { $, bytes, isAbort, sentence } from './dom.js'
import { Model } from './model.js'
import { stepOf } from './progress.js'
import { models, nameOf, storedRow } from './stored.js'

/** Wires the tab; `openTab(id)` shows another one. */
export function weightsTab(model, demo, { openTab }) {
  const problem = (text) => { $('#weights-problem').textContent = text }
  const state = (text) => { $('#weights-state').textContent = text }
  const files = { model: undefined, vision: undefined }
  let drawn

  async function load() {
    problem('')
    state('')
    try {
      const spec = await given(files)
      await model.load(spec, { keep: true })
      openTab(model.info.vision ? 'pictures' : 'texts')
    } catch (error) {
      if (!isAbort(error)) problem(sentence(error))
      else state('Stopped. What was fetched so far is kept where this browser can store it; load again to go on.')
    }
    refresh()
  }

  $('#weights-form').addEventListener('submit', (event) => {
    event.preventDefault()
    load()
  })
  $('#weights-cancel').addEventListener('click', () => model.stop())
  $('#weights-demo').addEventListener('click', () => model.load(demo()).catch(() => {}))
  for (const name of ['model', 'vision']) {
    $(`#weights-${name}-file`).addEventListener('change', ({ target }) => take(name, target.files[0]))
    $(`#weights-${name}`).addEventListener('input', () => take(name, undefined))
  }
  model.addEventListener('change', draw)
  draw()

  function take(name, file) {
    files[name] = file
    if (file) $(`#weights-${name}`).value = ''
    else $(`#weights-${name}-file`).value = ''
  }

  function draw() {
    const loading = model.phase === 'loading' && Boolean(model.spec?.own)
    $('#weights-cancel').hidden = !loading
    $('#weights-demo').hidden = loading || !model.spec?.own
    $('#weights-progress').hidden = !loading
    if (!loading) return
    $('#weights-step').textContent = stepOf(model.progress)
    $('#weights-bar').value = model.progress?.part ?? 0
  }

  async function refresh() {
    const { cache } = await Model.library().catch(() => ({}))
    $('#storage-room').textContent = await room(Boolean(cache))
    if (!cache) return
    try {
      const stored = await cache.list()
      // A row that says what a check has found is not drawn anew for nothing.
      if (drawn === (drawn = JSON.stringify(stored))) return
      const rows = models(stored).map((group) => storedRow(group, cache, { use, problem, refresh }))
      $('#stored').replaceChildren(...rows)
      $('#stored-none').hidden = rows.length > 0
    } catch (error) {
      $('#storage-room').textContent = `What is stored could not be read: ${sentence(error)}`
    }
  }

  /** Puts the address of what is stored into its field; loading it is for the reader. */
  function use({ url, vision }) {
    const name = vision ? 'vision' : 'model'
    take(name, undefined)
    $(`#weights-${name}`).value = url
    $(`#weights-${name}`).focus()
  }

  return {
    /** Files that were dropped. */
    drop(dropped) {
      for (const file of dropped) take(/mmproj/i.test(file.name) ? 'vision' : 'model', file)
      openTab('weights')
      if (files.model) load()
      else problem('This is a vision tower (mmproj). Give the model’s .gguf too.')
    },
    refresh,
  }
}

async function given(files) {
  const of = (name) => files[name] ?? $(`#weights-${name}`).value.trim()
  const [weights, vision] = [of('model'), of('vision')]
  if (!weights) throw new Error('Give the address of a model, or choose a file.')
  for (const address of [weights, vision]) if (typeof address === 'string' && address) checkAddress(address)
  if ((weights instanceof Blob || vision instanceof Blob) && !(await Model.library()).cache) {
    throw new Error('This build of the package reads weights from addresses only. Put the file on a server and give its URL.')
  }
  const name = weights instanceof Blob ? weights.name : nameOf(weights)
  return { name, model: weights, vision: vision || undefined, own: true, trained: true }
}

function checkAddress(address) {
  let url
  try {
    url = new URL(address, document.baseURI)
  } catch {
    throw new Error(`“${address}” is not a web address.`)
  }
  if (!/^https?:$/.test(url.protocol)) throw new Error(`“${address}” does not begin with https://.`)
}

async function room(caches) {
  const { usage, quota } = (await navigator.storage?.estimate?.()) ?? {}
  const space = quota ? `This browser lets the page store ${bytes(quota)}; ${bytes(usage)} are used.` : ''
  return caches ? space : `${space} This build of the package does not store weights: they are fetched anew at each load.`.trim()
}
