// The demo's entry point: connects the parts. Keywords work at once; the models load behind them.
import { benchTab } from './bench.js'
import { ClipDialog } from './clip-dialog.js'
import { ClipTaker, isClip } from './clips.js'
import { LateEmbedder } from './collection.js'
import { DocumentsPanel } from './documents-panel.js'
import { $, bytes, el, errorText, query } from './dom.js'
import { acceptDrops } from './drag-and-drop.js'
import { loadGallery, passageItem, userPicture, userText } from './items.js'
import { deviceName, Model } from './model.js'
import { enableOffline } from './offline.js'
import { SearchPanel } from './panel.js'
import { stepOf } from './progress.js'
import { initTabs } from './tabs.js'
import { weightsTab } from './weights.js'

/** @import { BuiltIndex } from './collection.js' */
/** @import { DropZone } from './drag-and-drop.js' */
/** @import { Item } from './items.js' */
/** @import { ModelSpec } from './model.js' */

/**
 * `model/demo.json`: the model of each search, and the index.
 *
 * @typedef {{ texts: ModelSpec & { index: BuiltIndex }, pictures: ModelSpec }} Demo
 */

/** @typedef {'texts' | 'pictures'} SearchTab */

const INSTRUCTION = "Retrieve images or text relevant to the user's query."
const LARGEST_TEXT_FILE = 1 << 20
const BENCH_PASSAGES = 32
const USER_MODEL_NOTICE = 'Your own weights: press Enter to rerank. 20 candidates are read unless you choose more.'
const CLIP_NOTICE =
  'The demo’s small model knows emoji only. To find what happens in a real clip, load a model that sees, such as Qwen3-VL-Reranker, under “Your weights”.'
const UNTRAINED_NOTICE = 'This build has no trained model. The stand-in has random weights: its order means nothing.'

const model = new Model()
/** @type {Demo | undefined} */
let demo
/** The search that was opened last. @type {SearchTab} */
let searchTab = 'texts'
/** @type {Item[]} */
let gallery = []
let userTexts = 0
const typed = new URLSearchParams(location.search).get('q')
const pictures = new SearchPanel($('#pictures'), model, {
  onFiles: (files) => addFiles(files, 'add'),
  onQueryFile: (file) => addFiles([file], 'query'),
  onText: (text) => pictures.add([userText(text, `Your text ${++userTexts}`)]),
  onPlay: (item) => player.open(item),
  onRetry: retry,
  instruction: INSTRUCTION,
  label: 'Search the pictures',
  query: typed ?? 'something to cut paper',
  how: 'from pixels',
  notice: pictureNotice,
  shown: 20,
  limits: [20, 60, 120, Infinity],
  examples: ['something to cut paper', 'keeps you dry in the rain', 'takes photos', 'animal that gives milk', 'I am very sad'],
})
const player = new ClipDialog({ onSimilar: (item) => pictures.usePicture(item), onRemove: (item) => pictures.removeClip(item) })
const clips = new ClipTaker($('#pictures'), (items) => pictures.add(items))
const texts = new DocumentsPanel($('#texts'), model, {
  onRetry: retry,
  query: typed ?? 'why does 0.1 + 0.2 not equal 0.3',
  examples: [
    'why does 0.1 + 0.2 not equal 0.3',
    'why does my list change when I change the copy',
    'how do I know how long my code takes',
    'why is my default argument shared between calls',
    'compare two lists and show what changed',
  ],
})
const weights = weightsTab(
  model,
  () => demo?.[searchTab],
  (id) => openTab(id),
)
const openTab = initTabs($('.tabs'), showTab)
benchTab(
  model,
  async (hasVision) => {
    await open(hasVision ? 'pictures' : 'texts')
    return hasVision ? gallery : (await texts.some(BENCH_PASSAGES)).map(passageItem)
  },
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
  await findDemo()
  await open(searchTab)
  await idle()
  if (navigator.connection?.saveData) {
    // With data saving on, the user starts the load; this shows the button.
    if (model.phase === 'none') model.dispatchEvent(new Event('change'))
    await modelReady()
  } else await loadModelOf(searchTab)
  if (searchTab === 'texts') await loadEmbedder()
  await enableOffline()
}

/** What each search needs is fetched when it is first opened. @type {Partial<Record<SearchTab, Promise<void>>>} */
const opened = {}

/** @param {SearchTab} tab */
const open = (tab) => (opened[tab] ??= tab === 'texts' ? openDocuments() : showGallery())

/** @param {string} id */
function showTab(id) {
  if (id === 'weights') weights.refresh()
  if (id !== 'pictures' && id !== 'texts') return
  searchTab = id
  if (!demo) return
  open(id).then(() => (id === 'pictures' ? pictures : texts).shown())
  // At the start of the page the first load is not due yet.
  if (model.phase === 'none') return
  const loading = loadModelOf(id)
  if (id === 'texts') loading.then(loadEmbedder)
}

/** Each search has its own model in the demo; the visitor's own weights serve both. @param {SearchTab} tab */
async function loadModelOf(tab) {
  const spec = demo?.[tab]
  if (!spec || model.spec === spec || model.spec?.userProvided) return
  await model.load(spec).catch(() => {})
}

/** @returns {Promise<void>} */
const modelReady = () => new Promise((resolve) => model.addEventListener('change', () => model.phase === 'ready' && resolve()))

async function retry() {
  if (!demo) {
    await findDemo()
    if (demo) await open(searchTab)
  }
  const spec = model.spec ?? demo?.[searchTab]
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

/** @type {LateEmbedder | undefined} */
let embedder

async function openDocuments() {
  if (!demo) return
  const { index } = demo.texts
  embedder ??= new LateEmbedder(index)
  try {
    await texts.open(index, embedder)
    $('#about-documents').replaceChildren(
      `Documentation: ${index.passages.toLocaleString('en')} passages of Python 3.11’s, © Python Software Foundation. `,
      el('a', { href: 'NOTICE.txt' }, 'Its licence'),
      '.',
    )
  } catch (error) {
    texts.problem(`The documentation could not be loaded. ${errorText(error)}`)
  }
}

/** Vectors find passages that share no word with the query. They are worth waiting for, so the last search is run again. */
async function loadEmbedder() {
  try {
    await texts.atRest
    await embedder?.load()
    texts.vectorsReady()
  } catch (error) {
    texts.problem(`Only keywords find passages: the model for vectors could not be loaded. ${errorText(error)}`)
  }
}

async function findDemo() {
  try {
    const response = await fetch('model/demo.json')
    if (!response.ok) throw new Error(`model/demo.json gave HTTP ${response.status}.`)
    /** @type {Demo} */
    const found = await response.json()
    // The service worker stores these models, so the package need not.
    demo = { texts: { ...found.texts, cache: false }, pictures: { ...found.pictures, cache: false } }
    describeDemo(demo)
  } catch (error) {
    model.fail(`The demo model could not be found. ${errorText(error)}`)
  }
}

/** @param {ModelSpec | undefined} spec @param {{ pictureQuery: boolean, moments: boolean }} about */
function pictureNotice(spec, { pictureQuery, moments }) {
  if (!spec || spec === demo?.texts) return ''
  if (spec.userProvided) return USER_MODEL_NOTICE
  if (!spec.trained) return UNTRAINED_NOTICE
  if (moments) return CLIP_NOTICE
  return pictureQuery ? 'The demo model was trained with words as queries only. Do not expect good results for a picture.' : ''
}

/** @param {Demo} demo */
function describeDemo({ texts, pictures }) {
  const cardOf = (/** @type {ModelSpec} */ { card }) => (card ? [el('a', { href: card }, 'card'), ')'] : [')'])
  $('#about-model').replaceChildren(
    'The demo’s models are small, so that they load in seconds. The one for documentation reads English questions and passages (its ',
    ...cardOf(texts),
    pictures.trained ? '; the one for pictures knows emoji and their keywords (its ' : `. Pictures: ${UNTRAINED_NOTICE} (`,
    ...cardOf(pictures),
    '. For more, load real weights.',
  )
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

/** Adds pictures, clips and texts to the open search; GGUF files go to the weights tab. @param {File[]} files @param {DropZone} zone */
async function addFiles(files, zone) {
  const ggufs = files.filter(({ name }) => /\.gguf$/i.test(name))
  if (ggufs.length > 0) return weights.drop(ggufs)
  const films = files.filter(isClip)
  const hasPictures = films.length > 0 || files.some(({ type }) => type.startsWith('image/'))
  if (searchTab === 'texts' && !hasPictures) {
    openTab('texts')
    return texts.addFiles(files)
  }
  openTab('pictures')
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
  if (picture) pictures.usePicture(picture)
  else if (items.length > 0) pictures.add(items)
  if (films.length > 0) problems.push(...(await clips.add(films)))
  if (problems.length > 0) pictures.problem(problems.join(' '))
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
