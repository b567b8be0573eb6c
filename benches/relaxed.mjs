// Measures what relaxed SIMD would bring the products on the CPU: decision 0040.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fail, run, step, TARGET_DIR } from '../scripts/lib.mjs'
import { ensureRustWasm } from '../scripts/setup/rust-wasm.mjs'
import { openPage } from './lib/browser.mjs'
import { describe } from './lib/machine.mjs'
import { say } from './lib/say.mjs'
import { BENCHES, CACHE, startServer } from './lib/server.mjs'

const HELP = `Measures products on the CPU with and without relaxed SIMD in Chromium, and writes benches/results/relaxed.json (about 3 minutes).

  node benches/relaxed.mjs
  --ms 1000       how long each variant of each size is measured (default 1000)
  --no-save       print only
  --help          this text`

const OPTIONS = { ms: { type: 'string', default: '1000' }, 'no-save': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } }

/**
 * Rows, columns and depth of products: of MiniLM and Ettin, and of Qwen3's 0.6B shape. None takes longer than some
 * milliseconds, so that the best of many samples is of one that nothing interrupted; more rows run the same loops.
 */
const SIZES = [
  [32, 384, 384],
  [128, 384, 384],
  [256, 384, 384],
  [32, 1536, 384],
  [64, 1536, 384],
  [64, 384, 1536],
  [32, 1024, 1024],
]
/** x86 has processors with the instruction and without; what V8 makes of its absence is measured on the same one. */
const ENGINES = [
  { name: 'as it is', flags: [] },
  ...(arch() === 'x64' ? [{ name: 'without AVX-VNNI and FMA', flags: ['--js-flags=--no-enable-avx-vnni,--no-enable-fma3'], sizes: [[256, 384, 384]] }] : []),
]

const options = read()
await ensureRustWasm()
build()
const server = await startServer()
try {
  const engines = []
  for (const engine of ENGINES) engines.push(await measure(engine))
  if (!options.noSave) save(engines, await describe(server.url, { gpu: false }))
} finally {
  await server.close()
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
  const ms = Number(values.ms)
  if (!(ms > 0)) fail(`--ms must be a number of milliseconds above 0, not "${values.ms}".`)
  return { ms, noSave: values['no-save'] }
}

function build() {
  step('The module of benches/relaxed')
  const target = join(TARGET_DIR, 'relaxed-bench')
  run('cargo', ['build', '--quiet', '--release', '--locked', '--target', 'wasm32-unknown-unknown'], {
    cwd: join(BENCHES, 'relaxed'),
    env: { CARGO_TARGET_DIR: target, RUSTFLAGS: '-C target-feature=+simd128,+relaxed-simd' },
  })
  mkdirSync(join(CACHE, 'relaxed'), { recursive: true })
  cpSync(join(target, 'wasm32-unknown-unknown', 'release', 'relaxed_bench.wasm'), join(CACHE, 'relaxed', 'relaxed_bench.wasm'))
}

async function measure({ name, flags, sizes = SIZES }) {
  step(`Chromium, ${name}`)
  const { browser, page } = await openPage(server.url, { flags, isolated: true })
  try {
    const result = await page.evaluate(async (options) => (await import('/pages/relaxed.js')).measure(options), { sizes, ms: options.ms })
    if (!result) fail('This Chromium has no relaxed SIMD.')
    print(result)
    return { name, flags, ...result }
  } finally {
    await browser.close()
  }
}

function print({ ceilings, rows }) {
  for (const { name, steps_per_ns } of ceilings) say(`${name.padEnd(22)} at most ${steps_per_ns.toFixed(2)} steps of 128 bits per ns`)
  for (const { m, n, k, weights, variants } of rows) {
    const [today, ...others] = variants
    const gains = others.map(({ name, times_as_fast }) => `${name} ${times_as_fast.toFixed(2)}×`)
    say(`${`${m} × ${n} × ${k}`.padEnd(17)} ${weights.padEnd(6)} ${today.products_per_ns.toFixed(1).padStart(5)} per ns; ${gains.join(', ')}`)
  }
}

function save(engines, { machine, versions }) {
  const { adapter, ...processor } = machine
  const file = join(BENCHES, 'results', 'relaxed.json')
  const result = { date: new Date().toISOString().slice(0, 10), machine: processor, versions: { chromium: versions.chromium }, engines }
  writeFileSync(file, `${JSON.stringify(result, null, 1)}\n`)
  say(`Written to ${file}`)
}
