// Measures how time grows with documents, tokens and pixels, and plots it with the cost model of COST.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fail, step } from '../scripts/lib.mjs'
import { openPage } from './lib/browser.mjs'
import { decoderCost, requestFlop, visionFlop } from './lib/cost.mjs'
import { curves } from './lib/curves.mjs'
import { describe } from './lib/machine.mjs'
import { ensureModel, ensurePictureModel, ensurePython, ensureWorkloads } from './lib/models.mjs'
import { say } from './lib/say.mjs'
import { BENCHES, CACHE, startServer } from './lib/server.mjs'
import { median } from './lib/summary.mjs'

const HELP = `Measures how the time of a request grows, and writes benches/results/cost.json and cost.svg (about 2 minutes).

  node benches/cost.mjs                  on the CPU
  node benches/cost.mjs --device webgpu --gpu
  --size 4x256|8x512|0.6B|2B             the text model (default 4x256)
  --no-save                              print only
  --help                                 this text

Needs what npm run bench needs; see npm run bench -- --help.`

const OPTIONS = {
  device: { type: 'string' },
  size: { type: 'string' },
  gpu: { type: 'boolean' },
  'no-save': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
}

const DOCUMENTS = [1, 2, 4, 8, 16, 32]
const WORDS = [25, 50, 100, 200, 400, 800]
const DOCUMENTS_OF_WORDS = 4
const EDGES = [128, 256, 384, 512, 640, 768, 896]

const options = read()
const python = ensurePython()
const workloads = ensureWorkloads(python)
const model = ensureModel(python, options.size)
ensurePictureModel(python)
const server = await startServer()

try {
  const panels = [await documents(), await tokens(), await pixels()]
  for (const { title, unit, points, gflops } of panels) {
    console.log(`\n${title} (${gflops.toFixed(1)} GFLOP/s)`)
    for (const { x, ms, model_ms } of points) console.log(`${String(x).padStart(9)} ${unit.padEnd(24)} ${cell(ms)}  cost model ${cell(model_ms)}`)
  }
  if (options.save) await save(panels)
} finally {
  await server.close()
}

function cell(ms) {
  return `${ms.toFixed(0).padStart(7)} ms`
}

async function documents() {
  step('documents')
  const { query, documents } = workloads.find(({ name }) => name === '32x160')
  return text(
    query,
    DOCUMENTS.map((x) => ({ x, documents: documents.slice(0, x) })),
    'More documents of 160 tokens',
    'documents',
  )
}

async function tokens() {
  step('tokens')
  const { query, documents } = workloads.find(({ name }) => name === '8x600')
  const words = documents.join(' ').split(' ')
  // Different words in each, because equal documents are scored once.
  const cut = (count) => Array.from({ length: DOCUMENTS_OF_WORDS }, (_, i) => words.slice(i * 100, i * 100 + count).join(' '))
  const sweep = WORDS.map((count) => ({ x: count, documents: cut(count) }))
  const panel = await text(query, sweep, `Longer documents, ${DOCUMENTS_OF_WORDS} of them`, 'tokens of a document')
  for (const point of panel.points) point.x = Math.round(point.own)
  return panel
}

/** Times a sweep of texts. */
async function text(query, sweep, title, unit) {
  const load = { model: `${server.url}/models/${options.size}/gguf/hf-Q8_0.gguf`, device: options.device, workers: 1 }
  const { points } = await inPage('cost', { options: load, query, sweep })
  for (const point of points) {
    const prefix = point.documents > 1 ? point.cached_tokens / (point.documents - 1) : 0
    point.own = point.tokens / point.documents - prefix
    point.flop = requestFlop(model.shape, prefix, Array(point.documents).fill(point.own))
  }
  return { title, unit, ...withModel(points) }
}

async function pixels() {
  step('pixels')
  const result = await inPage('pictures', { model: `${server.url}/models/vl-4x256/`, device: options.device, sizes: EDGES, documents: 1, edge: 64 })
  const { text_config: decoder, vision_config: vision } = JSON.parse(readFileSync(join(CACHE, 'models', 'vl-4x256', 'config.json'), 'utf8'))
  const points = result.sizes.map(({ edge, total_ms, tokens, vision_ms, compute_ms }) => ({
    x: edge * edge,
    ms: total_ms,
    vision_ms,
    compute_ms,
    tokens,
    flop: requestFlop(decoder, 0, [tokens]) + visionFlop(vision, [(edge / vision.patch_size) ** 2]),
  }))
  return { title: 'A larger picture', unit: 'pixels', ...withModel(points) }
}

function withModel(points) {
  // Small requests are mostly overhead, so the speed is taken from the larger half.
  const gflops = median(points.slice(points.length >> 1).map(({ flop, ms }) => flop / ms / 1e6))
  return { gflops, points: points.map((point) => ({ ...point, model_ms: point.flop / gflops / 1e6 })) }
}

async function inPage(name, plan) {
  const { browser, page } = await openPage(server.url, options)
  try {
    return await page.evaluate(async ([name, plan]) => (await import(`/pages/${name}.js`)).measure(plan), [name, plan])
  } finally {
    await browser.close()
  }
}

async function save(panels) {
  const about = await describe(server.url, options)
  const date = new Date().toISOString().slice(0, 10)
  const folder = join(BENCHES, 'results')
  mkdirSync(folder, { recursive: true })
  const result = { date, ...about, options, decoder: decoderCost(model.shape), panels }
  writeFileSync(join(folder, 'cost.json'), `${JSON.stringify(result, null, 1)}\n`)
  const device = options.device === 'cpu' ? 'CPU, one thread' : about.machine.adapter?.description || about.machine.adapter?.vendor
  const footer = [date, `${about.machine.cpu}, ${device}`, `${options.size} q8_0, vl-4x256 q8_0`, `secondpass ${about.versions.secondpass}`]
  writeFileSync(join(folder, 'cost.svg'), curves(panels, footer.join(' · ')))
  say('Wrote benches/results/cost.json and cost.svg')
}

function read() {
  let values
  try {
    values = parseArgs({ options: OPTIONS }).values
  } catch (error) {
    fail(`${error.message}\n  node benches/cost.mjs --help  explains the options.`)
  }
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  const { device = 'cpu', size = '4x256', gpu = false } = values
  if (!['cpu', 'webgpu'].includes(device)) fail(`--device must be cpu or webgpu, not “${device}”.`)
  if (!['4x256', '8x512', '0.6B', '2B'].includes(size)) fail(`--size must be one of 4x256, 8x512, 0.6B, 2B, not “${size}”.`)
  return { device, size, gpu, save: !values['no-save'] }
}
