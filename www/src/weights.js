// Weights of the reader's own: from a URL or a file, with what is stored of them.
import { $, bytes, el, isAbort, sentence } from './dom.js'
import { Model, deviceOf, stepOf } from './model.js'

/** Wires the tab. `onLoaded()` is called when the reader's model is there. */
export function weightsTab(model, demo, { openTab }) {
  const problem = (text) => { $('#weights-problem').textContent = text }
  const files = { model: undefined, vision: undefined }

  async function load() {
    problem('')
    try {
      const spec = await given(files)
      await model.load(spec, { keep: true })
      openTab(model.info.vision ? 'pictures' : 'texts')
    } catch (error) {
      if (!isAbort(error)) problem(sentence(error))
      else problem('Stopped. What was fetched so far is kept where this browser can store it; load again to go on.')
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
    $('#weights-step').textContent = stepOf(model.progress, bytes)
    const { loaded = 0, total = 0 } = model.progress ?? {}
    $('#weights-bar').value = total > 0 ? loaded / total : 0
  }

  async function refresh() {
    const { cache } = await Model.library().catch(() => ({}))
    $('#storage-room').textContent = await room(Boolean(cache))
    if (!cache) return
    try {
      const stored = await cache.list()
      $('#stored').replaceChildren(...stored.map((file) => row(file, cache)))
    } catch (error) {
      $('#storage-room').textContent = `What is stored could not be read: ${sentence(error)}`
    }
  }

  function row(file, cache) {
    const state = el('span', { className: 'hint' }, file.complete ? `${bytes(file.bytes)}, complete` : `${bytes(file.stored)} of ${bytes(file.bytes)} stored`)
    const name = decodeURIComponent(file.url.split('/').pop() || file.url)
    const act = (text, work) => {
      const button = el('button', { type: 'button', aria: { label: `${text} ${name}` } }, text)
      button.addEventListener('click', async () => {
        button.disabled = true
        try {
          await work()
        } catch (error) {
          problem(sentence(error))
        }
        button.disabled = false
      })
      return button
    }
    const vision = /mmproj/i.test(name)
    return el('li', {},
      el('div', {}, el('b', {}, name), el('span', { className: 'address' }, file.url), state),
      el('div', { className: 'row' },
        act(file.complete ? 'Use' : 'Go on with', () => { take(vision ? 'vision' : 'model', undefined); $(vision ? '#weights-vision' : '#weights-model').value = file.url }),
        act('Check', async () => {
          const results = await cache.verify(file.url)
          state.textContent = results.every(({ ok }) => ok) ? 'Checked: all of it is there and undamaged.' : `${bytes(results.reduce((sum, { bad }) => sum + bad, 0))} are missing or damaged; the next load fetches them again.`
        }),
        act('Delete', async () => { await cache.delete(file.url); await refresh() }),
      ))
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
  const name = weights instanceof Blob ? weights.name : weights.split(/[/?#]/).filter(Boolean).pop()
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

/** What is loaded, in a sentence. */
export const loadedSentence = (spec, info) => `${spec.name}: ${info.family}, ${info.vision ? 'text and pictures' : 'text only'}, ${deviceOf(info)}.`
