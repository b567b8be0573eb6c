// The demo's entry point: connects the parts. Keywords work at once; the models load behind them, and so does what other tabs need.
import { describeDemo, fetchDemo } from './demo.js'
import { LateEmbedder } from './documents/collection.js'
import { DocumentsPanel } from './documents/panel.js'
import { isTextFile } from './documents/text-files.js'
import { $, bytes, el, errorText, query } from './dom.js'
import { acceptDrops } from './drag-and-drop.js'
import { deviceName, Model } from './model.js'
import { enableOffline } from './offline.js'
import { stepOf } from './progress.js'
import { initTabs } from './tabs.js'

/** @import { Demo } from './demo.js' */
/** @import { DropZone } from './drag-and-drop.js' */

/** @typedef {'texts' | 'pictures'} SearchTab */

const BENCH_PASSAGES = 32
/** The embedder waits for the first second pass, but no longer than that: it may never come. */
const MOST_WAIT_MS = 20_000

const model = new Model()
/** @type {Demo | undefined} */
let demo
/** @type {LateEmbedder | undefined} */
let embedder
/** The search that was opened last. @type {SearchTab} */
let searchTab = 'texts'
const typed = new URLSearchParams(location.search).get('q')
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
/** The other tabs, each fetched when it is first opened. */
const pictures = once(async () => {
  const { PicturesTab } = await import('./pictures/tab.js')
  return new PicturesTab($('#pictures'), model, { query: typed, onRetry: retry })
})
const weights = once(async () => {
  const { weightsTab } = await import('./weights.js')
  return weightsTab(
    model,
    () => demo?.[searchTab],
    (id) => openTab(id),
  )
})
const bench = once(async () => {
  const { benchTab } = await import('./bench.js')
  const { passageItem } = await import('./items.js')
  benchTab(
    model,
    async (hasVision) => {
      await opened[hasVision ? 'pictures' : 'texts']()
      return hasVision ? (await pictures()).gallery : (await texts.some(BENCH_PASSAGES)).map(passageItem)
    },
    stopSearches,
  )
})
/** What each search needs, fetched when it is first opened; a failure was shown, and is tried again at the next opening. */
const opened = {
  texts: once(openDocuments),
  pictures: once(async () => (await pictures()).open()),
}
const openTab = initTabs($('.tabs'), showTab)
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

/**
 * What is made at the first call and kept. A failure is not kept.
 *
 * @template T
 * @param {() => Promise<T>} make
 * @returns {() => Promise<T>}
 */
function once(make) {
  /** @type {Promise<T> | undefined} */
  let made
  return () =>
    (made ??= make().catch((error) => {
      made = undefined
      throw error
    }))
}

/** Opens a search; what went wrong is shown in it. @param {SearchTab} tab */
const open = (tab) => (demo ? opened[tab]().catch(() => {}) : Promise.resolve())

/** @param {string} id */
function showTab(id) {
  if (id === 'weights')
    weights().then(
      (tab) => tab.refresh(),
      (error) => show('#weights-problem', error),
    )
  if (id === 'bench') bench().catch((error) => show('#bench-problem', error))
  if (id === 'texts' || id === 'pictures') showSearch(id)
}

/** @param {SearchTab} tab */
async function showSearch(tab) {
  searchTab = tab
  // A hidden search must not run on the model of the other one.
  if (tab === 'pictures') texts.cancel()
  else if ($('#pictures').childElementCount > 0) (await pictures()).cancel()
  if (!demo || searchTab !== tab) return
  open(tab)
    .then(async () => (tab === 'pictures' ? await pictures() : texts).shown())
    .catch(() => {})
  // At the start of the page the first load is not due yet.
  if (model.phase === 'none') return
  await loadModelOf(tab)
  if (tab === 'texts') await loadEmbedder()
}

/** @param {string} selector @param {unknown} error */
const show = (selector, error) => {
  $(selector).textContent = `This part of the page could not be loaded. ${errorText(error)}`
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
  if (!demo) await findDemo()
  await open(searchTab)
  const spec = model.spec ?? demo?.[searchTab]
  if (spec && (model.phase === 'failed' || model.phase === 'none')) await model.load(spec).catch(() => {})
  if (searchTab === 'texts') await loadEmbedder()
}

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
    throw error
  }
}

/** Vectors find passages that share no word with the query. They are worth waiting for, so the last search is run again. */
async function loadEmbedder() {
  await Promise.race([texts.firstPassDone, new Promise((resolve) => setTimeout(resolve, MOST_WAIT_MS))])
  try {
    await embedder?.load()
    texts.vectorsReady()
  } catch (error) {
    texts.problem(`Only keywords find passages: the model for vectors could not be loaded. ${errorText(error)}`)
  }
}

async function findDemo() {
  try {
    demo = await fetchDemo()
    describeDemo(demo)
  } catch (error) {
    model.fail(`The demo model could not be found. ${errorText(error)}`)
  }
}

async function stopSearches() {
  texts.stop()
  if ($('#pictures').childElementCount > 0) (await pictures()).stop()
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

/** Gives files to the search that they are for; GGUF files go to the weights tab. @param {File[]} files @param {DropZone} zone */
async function addFiles(files, zone) {
  const ggufs = files.filter(({ name }) => /\.gguf$/i.test(name))
  if (ggufs.length > 0) return (await weights()).drop(ggufs)
  const isSeen = (/** @type {File} */ { type }) => /^(image|video)\//.test(type)
  // A folder of texts may hold pictures too; they are not what was meant.
  if (searchTab === 'texts' && (files.some(isTextFile) || !files.some(isSeen))) {
    openTab('texts')
    return texts.addFiles(files.filter((file) => isTextFile(file) || !isSeen(file)))
  }
  openTab('pictures')
  await (await pictures()).addFiles(files, zone)
}
