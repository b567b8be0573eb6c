// The same documents on every device that this browser has: one worker, several, WebGPU. A chart of it that can be copied as a picture.
import { errorText, isAbort } from './dom.js'
import { library } from './library.js'
import { loadOptions } from './model.js'
import { score } from './run.js'

/** @import { LoadOptions, RerankerInfo } from '../../pkg/src/index.js' */
/** @import { Item } from './items.js' */
/** @import { ModelSpec } from './model.js' */

/** @typedef {{ name: string, device: NonNullable<LoadOptions['device']>, workers?: number }} Way */
/** @typedef {{ name: string, documents_per_second?: number, load_ms?: number, failure?: string }} WayResult */

const MOST_WORKERS = 8
const QUERY = 'how to read it line by line'
const WARM_UP = 2
const [WIDTH, LEFT, RIGHT, TOP, ROW] = [640, 170, 110, 64, 40]

/** @returns {Way[]} */
export function waysHere() {
  const workers = Math.min(navigator.hardwareConcurrency || 1, MOST_WORKERS)
  /** @type {Way[]} */
  const ways = [{ name: 'CPU, one worker', device: 'cpu', workers: 1 }]
  if (workers > 1) ways.push({ name: `CPU, ${workers} workers`, device: 'cpu', workers })
  if ('gpu' in navigator) ways.push({ name: 'WebGPU', device: 'webgpu' })
  return ways
}

/**
 * Loads the model in each way and reranks the same items. What cannot run says why.
 *
 * @param {ModelSpec} spec
 * @param {Item[]} items
 * @param {{ signal: AbortSignal, onWay: (way: Way) => void, describe: (info: RerankerInfo) => string }} control
 * @returns {Promise<WayResult[]>}
 */
export async function compareWays(spec, items, { signal, onWay, describe }) {
  const results = []
  const shareable = await withFiles(spec)
  for (const way of waysHere()) {
    onWay(way)
    try {
      results.push(await measureWay(shareable, items, way, signal, describe))
    } catch (error) {
      if (isAbort(error)) throw error
      results.push({ name: way.name, failure: errorText(error) })
    }
  }
  return results
}

/** The demo's models are not stored by the package, and workers share only what is stored, or files. @param {ModelSpec} spec @returns {Promise<ModelSpec>} */
async function withFiles(spec) {
  if (spec.cache !== false) return spec
  const fetched = async (/** @type {string | Blob} */ address) => {
    if (typeof address !== 'string' || !address.endsWith('.gguf')) return address
    const response = await fetch(address)
    if (!response.ok) throw new Error(`${address} gave HTTP ${response.status}.`)
    return new File([await response.blob()], address.slice(address.lastIndexOf('/') + 1))
  }
  const { cache: _, ...rest } = spec
  return { ...rest, model: await fetched(spec.model), ...(spec.vision && { vision: await fetched(spec.vision) }) }
}

/** @param {ModelSpec} spec @param {Item[]} items @param {Way} way @param {AbortSignal} signal @param {(info: RerankerInfo) => string} describe */
async function measureWay(spec, items, { name, device, workers }, signal, describe) {
  const { Reranker } = await library()
  const began = performance.now()
  const reranker = await Reranker.load({ ...loadOptions(spec, device), ...(workers && { workers }) }, { signal })
  const load_ms = Math.round(performance.now() - began)
  try {
    const { info } = reranker
    if (workers && info.workers < workers) throw new Error(info.workers_limited?.message ?? `There were ${info.workers} workers.`)
    await score(reranker, { query: 'warm up', items: items.slice(0, WARM_UP), signal })
    const { documents, total_ms } = await score(reranker, { query: QUERY, items, signal })
    // A software adapter computes on the same cores, and its name says so.
    const shown = device === 'webgpu' ? describe(info) : name
    return { name: shown, documents_per_second: Math.round((documents * 10_000) / total_ms) / 10, load_ms }
  } finally {
    reranker.dispose()
  }
}

/** A bar for each way. @param {WayResult[]} results @param {string} title @param {string} footer */
export function chartOf(results, title, footer) {
  const most = Math.max(1e-9, ...results.map(({ documents_per_second = 0 }) => documents_per_second))
  const height = TOP + results.length * ROW + 44
  const rows = results.map(({ name, documents_per_second: speed, failure }, n) => {
    const y = TOP + n * ROW
    const label = `<text x="${LEFT - 12}" y="${y + 19}" text-anchor="end">${escaped(name.slice(0, 24))}</text>`
    if (speed === undefined) return `${label}<text class="soft" x="${LEFT}" y="${y + 19}">${escaped((failure ?? '').slice(0, 60))}</text>`
    const width = ((WIDTH - LEFT - RIGHT) * speed) / most
    return `${label}<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="28" rx="4" fill="#0e5f48"/><text x="${(LEFT + width + 8).toFixed(1)}" y="${y + 19}" class="value">${speed} /s</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>text{font:14px system-ui,sans-serif;fill:#1d1b18}.title{font-weight:600;font-size:17px}.value{font-weight:600}.soft{fill:#5d574e}</style>
<rect width="100%" height="100%" rx="12" fill="#f7f5f0"/><text class="title" x="20" y="36">${escaped(title)}</text>${rows.join('')}
<text class="soft" x="20" y="${height - 18}">${escaped(footer)}</text></svg>`
}

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** The chart as a PNG of twice its size. @param {string} svg @returns {Promise<Blob>} */
export async function pictureOf(svg) {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  await image.decode()
  const canvas = Object.assign(document.createElement('canvas'), { width: image.width * 2, height: image.height * 2 })
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser could not draw the chart.'))), 'image/png'),
  )
}
