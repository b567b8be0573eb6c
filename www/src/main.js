// The demo's entry point: connects the parts. The first pass works at once; the model loads behind it.
import { benchTab } from './bench.js'
import { $, bytes, el, errorText, query } from './dom.js'
import { acceptDrops } from './drag-and-drop.js'
import { loadGallery, passages, userPicture, userText } from './items.js'
import { deviceName, Model } from './model.js'
import { enableOffline } from './offline.js'
import { SearchPanel } from './panel.js'
import { stepOf } from './progress.js'
import { initTabs } from './tabs.js'
import { weightsTab } from './weights.js'

/** @import { DropZone } from './drag-and-drop.js' */
/** @import { Item } from './items.js' */
/** @import { ModelSpec } from './model.js' */

const INSTRUCTION = "Retrieve images or text relevant to the user's query."
const LARGEST_TEXT_FILE = 1 << 20
const USER_MODEL_NOTICE = 'Your own weights: press Enter to rerank. 20 candidates are read unless you choose more.'
const UNTRAINED_NOTICE = 'This build has no trained model. The stand-in has random weights: its order means nothing.'

const model = new Model()
/** @type {ModelSpec | undefined} */
let demo
/** @type {Item[]} */
let gallery = []
let userTexts = 0
const shared = {
  onFiles: (/** @type {File[]} */ files) => addFiles(files, 'add'),
  onQueryFile: (/** @type {File} */ file) => addFiles([file], 'query'),
  onText: (/** @type {string} */ text) => currentPanel().add([userText(text, `Your text ${++userTexts}`)]),
  onRetry: retry,
  instruction: INSTRUCTION,
}
const pictures = new SearchPanel($('#pictures'), model, {
  ...shared,
  label: 'Search the pictures',
  query: new URLSearchParams(location.search).get('q') ?? 'something to cut paper',
  how: 'from pixels',
  notice: pictureNotice,
  shown: 20,
  limits: [20, 60, 120, Infinity],
  examples: ['something to cut paper', 'keeps you dry in the rain', 'takes photos', 'animal that gives milk', 'I am very sad'],
})
const texts = new SearchPanel($('#texts'), model, {
  ...shared,
  label: 'Search the passages',
  query: 'why is the red planet red',
  how: 'the whole passage',
  notice: textNotice,
  shown: 10,
  limits: [10, 20, Infinity],
  examples: ['why is the red planet red', 'animal with three hearts', 'keeps you dry', 'makes bread rise'],
})
const weights = weightsTab(
  model,
  () => demo,
  (id) => openTab(id),
)
const openTab = initTabs($('.tabs'), (id) => {
  if (id === 'pictures') pictures.shown()
  if (id === 'texts') texts.shown()
  if (id === 'weights') weights.refresh()
})
benchTab(
  model,
  () => ({ pictures: gallery, texts: passages() }),
  () => {
    pictures.stop()
    texts.stop()
  },
)
acceptDrops(addFiles)
model.addEventListener('change', drawModel)
$('#model-again').addEventListener('click', retry)
const device = query('#device', HTMLSelectElement)
device.addEventListener('change', () => {
  model.device = device.value === 'webgpu' || device.value === 'cpu' ? device.value : 'auto'
  if (model.spec) model.load(model.spec).catch(() => {})
})
start()

async function start() {
  texts.add(passages())
  await Promise.all([showGallery(), findDemo()])
  await idle()
  if (demo && model.phase === 'none') {
    if (navigator.connection?.saveData) {
      // With data saving on, the user starts the load; this shows the button.
      model.dispatchEvent(new Event('change'))
      await modelReady()
    } else await model.load(demo).catch(() => {})
  }
  await enableOffline()
}

/** @returns {Promise<void>} */
const modelReady = () => new Promise((resolve) => model.addEventListener('change', () => model.phase === 'ready' && resolve()))

async function retry() {
  if (!demo) await findDemo()
  const spec = model.spec ?? demo
  if (spec) model.load(spec).catch(() => {})
}

async function showGallery() {
  try {
    const { items, source } = await loadGallery()
    gallery = items
    pictures.add(items)
    $('#about-gallery').replaceChildren(`Pictures: ${source}. `, el('a', { href: 'NOTICE.txt' }, 'Their licences'), '.')
  } catch (error) {
    pictures.problem(`The gallery could not be loaded. ${errorText(error)}`)
  }
}

async function findDemo() {
  try {
    const response = await fetch('model/demo.json')
    if (!response.ok) throw new Error(`model/demo.json gave HTTP ${response.status}.`)
    // The service worker stores this model, so the package need not.
    /** @type {ModelSpec} */
    const spec = { ...(await response.json()), cache: false }
    demo = spec
    describeDemo(spec)
  } catch (error) {
    model.fail(`The demo model could not be found. ${errorText(error)}`)
  }
}

/** @param {ModelSpec | undefined} spec @param {boolean} pictureQuery */
function pictureNotice(spec, pictureQuery) {
  if (!spec) return ''
  if (spec.userProvided) return USER_MODEL_NOTICE
  if (!spec.trained) return UNTRAINED_NOTICE
  return pictureQuery ? 'The demo model was trained with words as queries only. Do not expect good results for a picture.' : ''
}

/** @param {ModelSpec | undefined} spec */
function textNotice(spec) {
  if (!spec) return ''
  if (spec.userProvided) return USER_MODEL_NOTICE
  return spec.trained ? 'The demo model knows emoji and single words. For passages like these, load real weights.' : UNTRAINED_NOTICE
}

/** @param {ModelSpec} spec */
function describeDemo({ trained, card }) {
  const text = trained
    ? 'The demo model is tiny: it was trained on emoji and their keywords only, for single words and short phrases in English. It knows little of sentences, and less of photographs. For those load real weights.'
    : UNTRAINED_NOTICE
  $('#about-model').replaceChildren(text, ...(card ? [' ', el('a', { href: card }, 'Its model card'), '.'] : []))
}

/** Resolves once the page was painted and the browser is idle, 500 ms after the paint at the latest. @returns {Promise<void>} */
const idle = () =>
  new Promise((resolve) =>
    requestAnimationFrame(() => {
      if ('requestIdleCallback' in globalThis) requestIdleCallback(() => resolve(), { timeout: 500 })
      else setTimeout(resolve)
    }),
  )

function drawModel() {
  const { phase, progress } = model
  document.body.dataset['model'] = phase
  const line = $('#load-line')
  line.hidden = phase !== 'loading'
  const part = progress?.overall.fraction ?? 0
  line.setAttribute('aria-valuenow', String(Math.round(part * 100)))
  $('span', line).style.transform = `scaleX(${part})`
  $('#model-again').hidden = !(phase === 'failed' || phase === 'none')
  $('#model-again').textContent = phase === 'none' ? 'Load the model' : 'Try again'
  $('#model-state').textContent = modelState()
}

function modelState() {
  const { phase, spec, info, error, progress } = model
  if (phase === 'loading') return `${spec?.name}: ${stepOf(progress)}`
  if (phase === 'ready' && info) return `${spec?.name} on ${deviceName(info)}, ${bytes(info.weight_bytes)}`
  return phase === 'failed' ? (error ?? '') : 'No model is loaded.'
}

function currentPanel() {
  return $('#texts').hidden ? pictures : texts
}

/** Adds pictures and texts to the open collection; GGUF files go to the weights tab. @param {File[]} files @param {DropZone} zone */
async function addFiles(files, zone) {
  const ggufs = files.filter(({ name }) => /\.gguf$/i.test(name))
  if (ggufs.length > 0) return weights.drop(ggufs)
  if (!$('#weights').hidden || !$('#bench').hidden) openTab('pictures')
  const panel = currentPanel()
  /** @type {string[]} */
  const problems = []
  /** @type {Item[]} */
  const items = []
  for (const file of files) {
    try {
      items.push(await itemOf(file))
    } catch (error) {
      problems.push(errorText(error))
    }
  }
  const picture = zone === 'query' ? items.find(({ kind }) => kind === 'picture') : undefined
  if (picture) panel.usePicture(picture)
  else if (items.length > 0) panel.add(items)
  if (problems.length > 0) panel.problem(problems.join(' '))
}

/** @param {File} file @returns {Promise<Item>} */
async function itemOf(file) {
  if (file.type.startsWith('image/')) return userPicture(file)
  if (!/^text\//.test(file.type) && !/\.(txt|md)$/i.test(file.name)) throw new Error(`“${file.name}” is neither a picture nor a text file nor a GGUF.`)
  if (file.size > LARGEST_TEXT_FILE) throw new Error(`“${file.name}” has ${bytes(file.size)}; texts of at most ${bytes(LARGEST_TEXT_FILE)} are read.`)
  const text = (await file.text()).trim()
  if (!text) throw new Error(`“${file.name}” is empty.`)
  return userText(text, file.name)
}
