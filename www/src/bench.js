// The Bench tab: measures the loaded model and gives the figures as JSON to paste into an issue.
import { chartOf, compareWays, pictureOf } from './bench-compare.js'
import { $, announce, bytes, duration, el, errorText, isAbort } from './dom.js'
import { swapControls } from './focus.js'
import { pixelsOf } from './items.js'
import { deviceName } from './model.js'
import { score } from './run.js'

/** @import { Way, WayResult } from './bench-compare.js' */
/** @import { Item } from './items.js' */
/** @import { Model, ModelSpec } from './model.js' */
/** @import { RunStats } from './run.js' */
/** @import { RerankerInfo } from '../../pkg/src/index.js' */

/** @typedef {ReturnType<typeof runFigures>} RunFigures */
/** @typedef {ReturnType<typeof report>} Report */

const PICTURES = 48
/** Documents that each device gets in a comparison. */
const COMPARED = 24
/** The name of each run, and its query. @type {[string, string][]} */
const RUNS = [
  ['first', 'a sharp tool'],
  ['again', 'a sharp tool'],
  ['other query', 'an animal in the sea'],
]

/**
 * Wires the tab.
 *
 * @param {Model} model
 * @param {(hasVision: boolean) => Promise<Item[]>} documents  pictures for a model that sees them, else passages
 * @param {() => void} stopSearches  ends other work on the device
 */
export function benchTab(model, documents, stopSearches) {
  /** @type {AbortController | undefined} */
  let controller
  let measured = 0
  const setState = (/** @type {string} */ text) => {
    $('#bench-state').textContent = text
  }

  /** Runs one of the two measurements, with the buttons and messages around it. @param {(signal: AbortSignal) => Promise<void>} work */
  async function run(work) {
    controller = new AbortController()
    showRunning(true)
    stopSearches()
    $('#bench-problem').textContent = ''
    try {
      await work(controller.signal)
    } catch (error) {
      if (isAbort(error)) setState('Stopped.')
      else {
        setState('')
        model.handleLoss(error)
        $('#bench-problem').textContent = errorText(error)
      }
    }
    showRunning(false)
  }

  $('#bench-run').addEventListener('click', () => run(measure))
  $('#bench-compare').addEventListener('click', () => run(compare))
  $('#bench-cancel').addEventListener('click', () => controller?.abort())
  $('#bench-copy').addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText($('#bench-json').textContent ?? '')
      setState('Copied.')
      announce('Copied.')
    } catch {
      getSelection()?.selectAllChildren($('#bench-json'))
      setState('The browser does not allow copying here. The text is selected; copy it with the keyboard.')
    }
  })

  /** Shows Stop in place of what starts a measurement, or the other way round. @param {boolean} running */
  function showRunning(running) {
    const [start, others, stop] = [$('#bench-run'), $('#bench-compare'), $('#bench-cancel')]
    if (running) return swapControls(stop, start, others)
    others.hidden = false
    swapControls(start, stop)
  }

  /** Loads the model once for each device. The page's own model stays as it is. @param {AbortSignal} signal */
  async function compare(signal) {
    setState('Waiting for the model…')
    const { info } = await model.ready(signal)
    const { spec } = model
    if (!spec) return
    const found = await documents(info.vision)
    const items = found.slice(0, COMPARED)
    const onWay = (/** @type {Way} */ { name }) => setState(`${name}…`)
    const results = await compareWays(spec, items, { signal, onWay, describe: deviceName })
    drawComparison(results, spec, info.vision ? 'pictures' : 'passages')
    setState('Done.')
    announce('Done.')
  }

  /** @param {AbortSignal} signal */
  async function measure(signal) {
    setState('Waiting for the model…')
    const reranker = await model.ready(signal)
    const withPictures = reranker.info.vision
    const found = await documents(withPictures)
    const items = withPictures ? withUniquePixels(found.slice(0, PICTURES), ++measured) : found
    const runs = []
    for (const [name, query] of RUNS) {
      setState(`Run ${runs.length + 1} of ${RUNS.length}…`)
      runs.push(runFigures(name, await score(reranker, { query, items, signal })))
    }
    show(report(model, reranker.info, withPictures ? 'pictures of 96 × 96 pixels' : 'passages', runs))
    setState(`Done on ${deviceName(reranker.info)}.`)
    announce(`Done. ${runs[RUNS.length - 1]?.documents_per_second} documents a second.`)
  }
}

/** The chart, and buttons that copy or save it as a picture. @param {WayResult[]} results @param {ModelSpec} spec @param {string} kind */
function drawComparison(results, spec, kind) {
  const svg = chartOf(results, `${spec.name}: ${kind} a second`, `secondpass ${VERSION} · ${navigator.hardwareConcurrency} cores · ${browserName()}`)
  const picture = new Image()
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  picture.alt = results.map(({ name, documents_per_second, failure }) => `${name}: ${documents_per_second ?? failure}`).join('; ')
  const button = (/** @type {string} */ text, /** @type {() => Promise<void>} */ act) => {
    const made = el('button', { type: 'button' }, text)
    made.addEventListener('click', () =>
      act().catch((error) => {
        $('#bench-state').textContent = `That did not work. ${errorText(error)}`
      }),
    )
    return made
  }
  const copy = button('Copy the picture', async () => {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': pictureOf(svg) })])
    $('#bench-state').textContent = 'Copied.'
    announce('Copied.')
  })
  const save = button('Save the picture', async () => {
    const url = URL.createObjectURL(await pictureOf(svg))
    el('a', { href: url, download: 'secondpass-bench.png' }).click()
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  })
  const figure = $('#bench-figure')
  figure.replaceChildren(picture, el('div', { className: 'row' }, copy, save))
  figure.hidden = false
}

/** The browser and its main version, as far as the user agent tells. */
function browserName() {
  return (
    /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(navigator.userAgent)?.slice(1, 3).join(' ').replace('Version', 'Safari').replace('Edg', 'Edge') ?? 'a browser'
  )
}

/** @param {Model} model @param {RerankerInfo} info @param {string} documents @param {RunFigures[]} runs */
function report(model, info, documents, runs) {
  return {
    secondpass: VERSION,
    documents,
    model: model.spec?.name ?? '',
    family: info.family,
    device: info.device,
    workers: info.workers,
    runs_on: deviceName(info),
    adapter: info.adapter,
    kernels: info.kernels,
    dtype: info.dtype,
    weight_bytes: info.weight_bytes,
    load_ms: Math.round(model.loadMs),
    runs,
    browser: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    memory_gb: navigator.deviceMemory ?? null,
  }
}

/**
 * Copies with one changed pixel in a corner: the model caches features by content, and a search or an earlier run may
 * have cached these pictures.
 *
 * @param {Item[]} items
 * @param {number} mark
 * @returns {Item[]}
 */
function withUniquePixels(items, mark) {
  return items.map((item) => {
    /** @type {ReturnType<typeof marked> | undefined} */
    let content
    return { ...item, content: () => (content ??= marked(item, mark)) }
  })
}

/** @param {Item} item @param {number} mark */
async function marked(item, mark) {
  const image = await pixelsOf(item)
  const pixels = new ImageData(new Uint8ClampedArray(image.data), image.width, image.height)
  pixels.data.set([mark % 256, mark >> 8, 0, 255])
  return { image: pixels }
}

/** @param {string} name @param {RunStats} stats */
function runFigures(name, stats) {
  const rounded = (/** @type {number | undefined} */ n) => Math.round((n ?? 0) * 10) / 10
  return {
    name,
    documents: stats.documents,
    tokens: stats.tokens,
    cached_tokens: stats.cached,
    first_score_ms: rounded(stats.first_ms),
    last_score_ms: rounded(stats.last_ms),
    vision_ms: rounded(stats.vision_ms),
    compute_ms: rounded(stats.compute_ms),
    documents_per_second: rounded((stats.documents * 1000) / stats.total_ms),
  }
}

/** @param {Report} result */
function show(result) {
  const head = el('tr', {}, ...['Run', 'Documents a second', 'Tokens', 'Cached', 'First score', 'Last score'].map((text) => el('th', { scope: 'col' }, text)))
  const rows = result.runs.map((run) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, run.name),
      ...[
        String(run.documents_per_second),
        run.tokens.toLocaleString('en'),
        run.cached_tokens.toLocaleString('en'),
        duration(run.first_score_ms),
        duration(run.last_score_ms),
      ].map((text) => el('td', {}, text)),
    ),
  )
  $('#bench-about').textContent = `${result.model} on ${result.runs_on}; weights ${bytes(result.weight_bytes)}, loaded in ${duration(result.load_ms)}.`
  $('#bench-table').replaceChildren(el('thead', {}, head), el('tbody', {}, ...rows))
  $('#bench-json').textContent = JSON.stringify(result, null, 2)
  for (const id of ['#bench-json', '#bench-copy', '#bench-scroll']) $(id).hidden = false
}
