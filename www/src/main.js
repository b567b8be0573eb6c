// The demo: wires the parts together. The first pass works at once; the model comes behind it.
import { benchTab } from './bench.js'
import { $, bytes, el, sentence } from './dom.js'
import { dropping } from './drop.js'
import { loadGallery, ownPicture, ownText, passages } from './items.js'
import { Model, deviceOf } from './model.js'
import { keepForOffline } from './offline.js'
import { Panel } from './panel.js'
import { stepOf } from './progress.js'
import { tabs } from './tabs.js'
import { weightsTab } from './weights.js'

const TASK = 'Retrieve images or text relevant to the user\'s query.'
const LARGEST_TEXT_FILE = 1 << 20
/** Real weights take a second or more for each picture on a CPU. */
const OWN_HINT = 'Your own weights: press Enter to rerank. 20 candidates are read unless you choose more.'
const NO_MEANING = 'This build has no trained model. The stand-in has random weights: its order means nothing.'

const model = new Model()
let demo
let ownItems = 0
const shared = {
  onFiles: (files) => addFiles(files, 'add'),
  onQueryFile: (file) => addFiles([file], 'query'),
  onText: (text) => current().add([ownText(text, `Your text ${++ownItems}`)]),
  onAgain: again,
  instruction: TASK,
}
const panels = {
  pictures: new Panel($('#pictures'), model, {
    ...shared, label: 'Search the pictures', query: new URLSearchParams(location.search).get('q') ?? 'something to cut paper', how: 'from pixels', notice: pictureNotice, shown: 20, limits: [20, 60, 120, Infinity],
    examples: ['something to cut paper', 'keeps you dry in the rain', 'takes photos', 'animal that gives milk', 'I am very sad'],
  }),
  texts: new Panel($('#texts'), model, {
    ...shared, label: 'Search the passages', query: 'why is the red planet red', how: 'the whole passage', notice: textNotice, shown: 10, limits: [10, 20, Infinity],
    examples: ['why is the red planet red', 'animal with three hearts', 'keeps you dry', 'makes bread rise'],
  }),
}
let gallery = []
const weights = weightsTab(model, () => demo, { openTab: (id) => openTab(id) })
let openTab = () => {}
openTab = tabs($('.tabs'), (id) => {
  panels[id]?.shown()
  if (id === 'weights') weights.refresh()
})
benchTab(model, async () => ({ pictures: gallery, texts: passages() }), () => Object.values(panels).forEach((panel) => panel.stop()))
dropping(addFiles)
model.addEventListener('change', drawModel)
$('#model-again').addEventListener('click', again)
$('#device').addEventListener('change', ({ target }) => {
  model.device = target.value
  if (model.spec) model.load(model.spec).catch(() => {})
})
start()

async function start() {
  panels.texts.add(passages())
  await Promise.all([showGallery(), findDemo()])
  await painted()
  // Who saves data asks for the model himself.
  if (demo && navigator.connection?.saveData && model.phase === 'none') {
    model.dispatchEvent(new Event('change'))
    await firstReady()
  } else if (demo && model.phase === 'none') await model.load(demo).catch(() => {})
  await keepForOffline()
}

const firstReady = () => new Promise((done) => model.addEventListener('change', () => model.phase === 'ready' && done()))

async function again() {
  if (!demo) await findDemo()
  if (model.spec ?? demo) model.load(model.spec ?? demo).catch(() => {})
}

async function showGallery() {
  try {
    const { items, source } = await loadGallery()
    gallery = items
    panels.pictures.add(items)
    $('#about-gallery').replaceChildren(`Pictures: ${source}. `, el('a', { href: 'NOTICE.txt' }, 'Their licences'), '.')
  } catch (error) {
    panels.pictures.problem(`The gallery could not be loaded. ${sentence(error)}`)
  }
}

async function findDemo() {
  try {
    const response = await fetch('model/demo.json')
    if (!response.ok) throw new Error(`model/demo.json gave HTTP ${response.status}.`)
    // The service worker keeps this model already.
    demo = { ...(await response.json()), cache: false }
    about()
  } catch (error) {
    model.failed(`The demo model could not be found. ${sentence(error)}`)
  }
}

function pictureNotice(spec, withPicture) {
  if (!spec) return undefined
  if (spec.own) return OWN_HINT
  if (!spec.trained) return NO_MEANING
  return withPicture ? 'The demo model learned with words as queries. What it does with a picture as the query is a guess.' : undefined
}

function textNotice(spec) {
  if (!spec) return undefined
  if (spec.own) return OWN_HINT
  return spec.trained ? 'The demo model knows emoji and single words. For passages like these, load real weights.' : NO_MEANING
}

function about() {
  const text = demo.trained
    ? 'The demo model is tiny: it was trained on emoji and their keywords alone, for single words and short phrases in English. It knows little of sentences, and less of photographs. For those load real weights.'
    : NO_MEANING
  $('#about-model').replaceChildren(text, ...(demo.card ? [' ', el('a', { href: demo.card }, 'Its model card'), '.'] : []))
}

/** Once the first picture is on the screen, and the browser has nothing better to do. */
const painted = () => new Promise((done) => requestAnimationFrame(() => (globalThis.requestIdleCallback ?? setTimeout)(() => done(), { timeout: 500 })))

function drawModel() {
  const { phase, spec, info, error, progress } = model
  document.body.dataset.model = phase
  const line = $('#load-line')
  line.hidden = phase !== 'loading'
  const part = progress?.part ?? 0
  line.setAttribute('aria-valuenow', String(Math.round(part * 100)))
  line.firstElementChild.style.transform = `scaleX(${part})`
  $('#model-again').hidden = !(phase === 'failed' || phase === 'none')
  $('#model-again').textContent = phase === 'none' ? 'Load the model' : 'Try again'
  $('#model-state').textContent = {
    none: 'No model is loaded.',
    loading: `${spec?.name}: ${stepOf(progress)}`,
    ready: info && `${spec.name} on ${deviceOf(info)}, ${bytes(info.weight_bytes)}`,
    failed: error,
  }[phase]
}

function current() {
  return $('#texts').hidden ? panels.pictures : panels.texts
}

/** Pictures and texts join the open collection; GGUF files go to the weights. */
async function addFiles(files, zone) {
  const ggufs = files.filter(({ name }) => /\.gguf$/i.test(name))
  if (ggufs.length > 0) return weights.drop(ggufs)
  if (!$('#weights').hidden || !$('#bench').hidden) openTab('pictures')
  const panel = current()
  const problems = []
  const items = []
  for (const file of files) {
    try {
      items.push(await itemOf(file))
    } catch (error) {
      problems.push(sentence(error))
    }
  }
  const picture = zone === 'query' && items.find(({ kind }) => kind === 'picture')
  if (picture) panel.usePicture(picture)
  else if (items.length > 0) panel.add(items)
  if (problems.length > 0) panel.problem(problems.join(' '))
}

async function itemOf(file) {
  if (file.type.startsWith('image/')) return ownPicture(file)
  if (!/^text\//.test(file.type) && !/\.(txt|md)$/i.test(file.name)) throw new Error(`“${file.name}” is neither a picture nor a text file nor a GGUF.`)
  if (file.size > LARGEST_TEXT_FILE) throw new Error(`“${file.name}” has ${bytes(file.size)}; texts of at most ${bytes(LARGEST_TEXT_FILE)} are read.`)
  const text = (await file.text()).trim()
  if (!text) throw new Error(`“${file.name}” is empty.`)
  return ownText(text, file.name)
}
