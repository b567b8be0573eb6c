// Where the time of a request on the CPU goes, by function: what is worth making faster.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import WebSocket from 'ws'
import { fail, run, step } from '../scripts/lib.mjs'
import { ensureWasmBindgen } from '../scripts/setup/wasm-bindgen.mjs'
import { openPage } from './lib/browser.mjs'
import { ENCODER_SHAPES, limited } from './lib/encoders.mjs'
import { ensurePython, makeEncoder } from './lib/models.mjs'
import { say } from './lib/say.mjs'
import { CACHE, COMPILED, startServer } from './lib/server.mjs'

const HELP = `Profiles a reranker of an encoder's shape on the CPU, one worker, in Chromium, and prints the functions that take most of the time.

  node benches/profile.mjs [--shape ${ENCODER_SHAPES.join('|')}] [--dtype auto|f32|q8_0] [--pairs 32] [--rounds 10] [--top 20]

It needs the release build (npm run build) and, as npm run bench does, Python for the first model: npm run bench -- --help.
The module keeps the names of its functions, and is otherwise the published one.`

const OPTIONS = {
  shape: { type: 'string', default: 'minilm-l6' },
  dtype: { type: 'string', default: 'auto' },
  pairs: { type: 'string', default: '32' },
  rounds: { type: 'string', default: '10' },
  top: { type: 'string', default: '20' },
  help: { type: 'boolean', short: 'h' },
}
const SAMPLE_US = 200
/** What a function belongs to, by the first of these that its name has. */
const GROUPS = [
  ['products with packed weights', /kernels::cpu::packed/],
  ['products in f32', /kernels::cpu::product|gemm/],
  ['attention without its products', /kernels::cpu::(attention|disentangled)/],
  ['activations, norms, rotations', /kernels::cpu::(activation|norm|rotate|mean)/],
  ['copies between operations', /kernels::cpu::copy|memcpy|memmove|memset|compiler_builtins/],
  ['allocation', /dlmalloc|alloc::|__rust_alloc/],
  ['text to ids', /tokenizers|prompt::|regex|unicode/],
  ['waiting', /^\((idle|program)\)$/],
]

const options = read()
const python = ensurePython()
const folder = makeEncoder(python, options.shape)
await keepNames()
const server = await startServer()
try {
  report(await profile())
} finally {
  await server.close()
}

/** The published module with the names of its functions. */
async function keepNames() {
  step('The module with names')
  const out = join(CACHE, 'profile')
  mkdirSync(out, { recursive: true })
  const args = ['--target', 'web', '--out-dir', out, '--out-name', 'secondpass_cpu', '--omit-default-module-path', '--no-typescript']
  await run.async(await ensureWasmBindgen(), [...args, join(COMPILED, 'release', 'secondpass_cpu.wasm')])
}

/** `{ self, total_ms, request_ms }`: microseconds by function, of all requests together. */
async function profile() {
  step(`${options.shape}, ${options.pairs} pairs, ${options.rounds} requests`)
  const port = 9200 + (process.pid % 700)
  const { browser, page } = await openPage(server.url, { flags: [`--remote-debugging-port=${port}`] })
  try {
    const model = `${server.url}/models/${options.shape}/gguf/hf-Q8_0.gguf`
    const loading = { model, device: 'cpu', workers: 1, dtype: options.dtype, wasmUrl: { cpu: `${server.url}/profile/secondpass_cpu_bg.wasm` } }
    await page.evaluate((options) => window.bench.load('ours-pairs', options), loading)
    const [workload] = JSON.parse(readFileSync(join(folder, 'workloads.json'), 'utf8'))
    const request = limited(workload, options.pairs)
    const once = () => page.evaluate((request) => window.bench.run(request), request)
    await once()
    const worker = await attach(port)
    const times = []
    const samples = await worker.during(async () => {
      for (let i = 0; i < options.rounds; i++) times.push((await once()).total_ms)
    })
    return { ...samples, times, pairs: request.documents.length }
  } finally {
    await browser.close()
  }
}

/** The profiler of the page's worker, over the browser's debugging protocol. */
async function attach(port) {
  const { webSocketDebuggerUrl } = await (await fetch(`http://127.0.0.1:${port}/json/version`)).json()
  const socket = new WebSocket(webSocketDebuggerUrl, { perMessageDeflate: false, maxPayload: 1 << 30 })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const waiting = new Map()
  socket.on('message', (data) => {
    const { id, result, error } = JSON.parse(data)
    const { resolve, reject } = waiting.get(id) ?? {}
    waiting.delete(id)
    if (error) reject?.(new Error(error.message))
    else resolve?.(result)
  })
  let last = 0
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject })
      socket.send(JSON.stringify({ id: last, method, params, sessionId }))
    })
  const { targetInfos } = await send('Target.getTargets', {
    filter: [
      { type: 'worker', exclude: false },
      { type: 'page', exclude: false },
    ],
  })
  const target = targetInfos.find(({ type }) => type === 'worker') ?? fail(`The browser shows no worker: ${targetInfos.map(({ type }) => type)}`)
  const { sessionId } = await send('Target.attachToTarget', { targetId: target.targetId, flatten: true })
  await send('Profiler.enable', {}, sessionId)
  await send('Profiler.setSamplingInterval', { interval: SAMPLE_US }, sessionId)
  return {
    async during(work) {
      await send('Profiler.start', {}, sessionId)
      await work()
      const { profile } = await send('Profiler.stop', {}, sessionId)
      socket.close()
      return samplesOf(profile)
    },
  }
}

function samplesOf({ nodes, samples, timeDeltas }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName || '(no name)']))
  const self = new Map()
  samples.forEach((id, i) => self.set(names.get(id), (self.get(names.get(id)) ?? 0) + timeDeltas[i]))
  return { self, total: timeDeltas.reduce((a, b) => a + b, 0) }
}

function report({ self, total, times, pairs }) {
  const percent = (us) => `${((100 * us) / total).toFixed(1).padStart(5)} %`
  const groups = new Map()
  for (const [name, us] of self) {
    const group = GROUPS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'the rest'
    groups.set(group, (groups.get(group) ?? 0) + us)
  }
  const sorted = (map) => [...map].sort(([, a], [, b]) => b - a)
  say(`${(Math.min(...times) / pairs).toFixed(1)} ms a pair in the fastest request, with the profiler on\n`)
  for (const [name, us] of sorted(groups)) say(`${percent(us)}  ${name}`)
  say('')
  for (const [name, us] of sorted(self).slice(0, options.top)) say(`${percent(us)}  ${name.slice(0, 120)}`)
}

function read() {
  let values
  try {
    values = parseArgs({ options: OPTIONS }).values
  } catch (error) {
    fail(`${error.message}\n\n${HELP}`)
  }
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  if (!ENCODER_SHAPES.includes(values.shape)) fail(`--shape must be one of ${ENCODER_SHAPES.join(', ')}.`)
  const count = (name) => (/^[1-9]\d{0,4}$/.test(values[name]) ? Number(values[name]) : fail(`--${name} must be a whole number above 0.`))
  return { ...values, pairs: count('pairs'), rounds: count('rounds'), top: count('top') }
}
