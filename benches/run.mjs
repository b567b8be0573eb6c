// `npm run bench`: generates the models, measures every engine in Chromium, prints tables, writes JSON and a chart.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { glueFolder } from '../scripts/build.mjs'
import { fail, ROOT, step } from '../scripts/lib.mjs'
import { chart, poolChart } from './lib/chart.mjs'
import { measureEmbedders } from './lib/embedders.mjs'
import { measureEncoders } from './lib/encoders.mjs'
import { legsFor, savingsLegs } from './lib/engines.mjs'
import { measureKernels } from './lib/kernels.mjs'
import { measureHere } from './lib/kit-here.mjs'
import { OPTIONAL } from './lib/kit-stage.mjs'
import { measureLoading } from './lib/loading.mjs'
import { describe, machineName } from './lib/machine.mjs'
import { measure } from './lib/measure.mjs'
import { ensureModel, ensurePeers, ensurePictureModel, ensurePython, ensureTransformersModel, ensureWorkloads } from './lib/models.mjs'
import { readOptions } from './lib/options.mjs'
import { measurePictures } from './lib/pictures.mjs'
import { measurePool } from './lib/pool.mjs'
import { say } from './lib/say.mjs'
import { BENCHES, CACHE, startServer } from './lib/server.mjs'
import { summarize } from './lib/summary.mjs'
import { engineTable, kernelTable, loadingTable, pictureTables, poolTable, ratioTable, savingsTable } from './lib/table.mjs'

const options = readOptions()
const wants = (part) => options.parts.includes(part)
const alone = options.engines.includes('ours')
if (!existsSync(join(ROOT, 'pkg', 'dist', 'wasm', 'secondpass.js'))) fail('There is no built package to measure. Run `npm run build` first.')
if (wants('gpu')) benchGpu()
if (options.parts.every((part) => part === 'gpu')) process.exit()
const measuresKernels = wants('kernels') && alone && options.devices.includes('webgpu')
if (measuresKernels && !existsSync(join(glueFolder('dev'), 'secondpass.js')))
  fail('The part "kernels" reads the shaders of the development module. Run `npm run build -- dev`, then `npm run build`.')
const server = await startServer()
const described = await describe(server.url, options)
const { adapter } = described.machine
if (options.gpu && (!adapter || adapter.fallback))
  fail('--gpu: this Chrome offers WebGPU no GPU, only the processor; leave --gpu away, or look at chrome://gpu.')
// The pool is measured with weights and texts of its own.
const withPeers = options.parts.some((part) => !['pool', 'gpu'].includes(part))
const python = withPeers ? ensurePython() : undefined
if (withPeers) ensurePeers()
const workloads = ['engines', 'loading', 'savings'].some(wants) ? ensureWorkloads(python) : []
const models = ['engines', 'loading', 'savings'].some(wants) ? options.sizes.map((size) => ensureModel(python, size)) : []
if (wants('pictures')) ensurePictureModel(python)

try {
  const result = { ...described, date: new Date().toISOString().slice(0, 10), options, sizes: [] }
  for (const [index, model] of models.entries()) result.sizes.push(await benchSize(model, index === 0))
  if (wants('encoders')) result.encoders = await measureEncoders(python, server.url, options, printLegs)
  if (wants('embed')) result.embed = await measureEmbedders(python, server.url, options, printLegs)
  if (wants('pictures') && alone) result.pictures = await benchPictures()
  if (measuresKernels) result.kernels = await benchKernels()
  if (wants('pool') && alone && options.devices.includes('cpu')) result.pool = await benchPool()
  if (options.save) save(result)
} finally {
  await server.close()
}

async function benchSize(model, first) {
  const { size, reference } = model
  const names = first ? options.workloads : options.workloadsOfMore
  const these = workloads.filter(({ name }) => names.includes(name))
  const settings = { ...options, rounds: first ? options.rounds : options.roundsOfMore, say }
  const figures = { size }
  if (wants('engines')) {
    step(`${size}: engines`)
    const results = await measure(server.url, legsFor(model, server.url, options), these, settings)
    figures.engines = results.map((result) => summarize(result, reference))
    console.log(`\n${engineTable(size, figures.engines)}\n\n${ratioTable(size, figures.engines)}\n`)
  }
  // Loading is measured with the largest size only.
  if (wants('loading') && size === options.sizes.at(-1)) figures.loading = await benchLoading(model)
  // Savings hardly depend on the size, so they are measured with the first size only.
  if (wants('savings') && alone && first) {
    step(`${size}: savings`)
    const selected = workloads.filter(({ name }) => name === '32x100')
    const results = await measure(server.url, savingsLegs(model, server.url, options), selected, { ...settings, rounds: 1 })
    figures.savings = results.map((result) => summarize(result, reference))
    console.log(`\n${savingsTable(size, figures.savings)}\n`)
  }
  return figures
}

async function benchLoading(model) {
  step(`${model.size}: loading`)
  if (options.engines.includes('ort')) ensureTransformersModel(python, model.size)
  const rows = await measureLoading(server, model, workloads, options)
  console.log(`\n${loadingTable(model.size, rows)}\n`)
  return rows
}

function printLegs(shape, legs) {
  console.log(`\n${engineTable(shape, legs)}\n\n${ratioTable(shape, legs)}\n`)
}

async function benchPictures() {
  step('pictures')
  const rows = await measurePictures(server.url, options)
  console.log(`\n${pictureTables(rows)}\n`)
  return rows
}

async function benchPool() {
  step('pool of workers')
  const figures = await measurePool(server.url, options)
  console.log(`\n${poolTable(figures)}\n`)
  return figures
}

/** Its figures have a file of their own, named after the card. */
function benchGpu() {
  step('GPU: natively, and in the browser')
  const out = options.save ? [] : ['--out', join(CACHE, 'gpu.json')]
  measureHere(OPTIONAL, [...(options.quick ? ['--small'] : []), ...out])
}

async function benchKernels() {
  step('shaders')
  try {
    const figures = await measureKernels(server.url, options)
    console.log(`\n${kernelTable(figures)}\n`)
    return figures
  } catch (error) {
    const failure = error.message.split('\n')[0]
    say(`cannot run: ${failure}`)
    return { failure }
  }
}

/** Each group of parts has a file of its own, so that one can be measured again without the others. */
function save({ pool, encoders, embed, ...result }) {
  const folder = join(BENCHES, 'results')
  mkdirSync(folder, { recursive: true })
  const { machine, versions, date } = result
  const path = join(folder, `${date}-${machineName(machine)}`)
  const write = (end, content) => {
    writeFileSync(`${path}${end}`, content)
    console.log(`Wrote ${path}${end}`)
  }
  const json = (figures) => `${JSON.stringify(figures, null, 1)}\n`
  if (options.parts.some((part) => !['pool', 'encoders', 'embed', 'gpu'].includes(part))) {
    write('.json', json(result))
    write('.svg', chart(result))
  }
  if (encoders || embed) write('-encoders.json', json({ machine, versions, date, encoders, embed }))
  if (pool) {
    write('-pool.json', json({ machine, versions, date, pool }))
    write('-pool.svg', poolChart({ ...result, pool }))
  }
}
