// `npm run test:real`: the hidden states of a real model, all-MiniLM-L6-v2, against Transformers, natively and in Chromium.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.mjs'
import { clippy, fail, ROOT, run, step, TARGET_DIR } from './lib.mjs'
import { ensureChromium } from './setup/chromium.mjs'
import { ensureNodeModules } from './setup/node.mjs'
import { ensurePython } from './setup/python.mjs'
import { ensureRust } from './setup/rust.mjs'

const FOLDER = join(ROOT, 'tests', 'real')
const TYPES = ['f16', 'q8_0']

/** The largest difference of a hidden state that is no error, relative to the largest value of its layer. */
const TOLERANCE = { F32: 1e-5, F16: 2e-3, Q8_0: 5e-2 }

ensureNodeModules()
ensureRust()
const python = ensurePython('real', join(FOLDER, 'requirements.txt'))
const out = mkdtempSync(join(tmpdir(), 'secondpass-real-'))
try {
  step('The reference: Transformers')
  run(python, [join(FOLDER, 'reference.py'), out], { env: { HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' } })
  step('GGUF files')
  const env = { CARGO_TARGET_DIR: TARGET_DIR, ...clippy() }
  run('cargo', ['build', '--quiet', '--no-default-features', '--bin', 'secondpass'], { env })
  const command = join(TARGET_DIR, 'debug', process.platform === 'win32' ? 'secondpass.exe' : 'secondpass')
  const probes = [1, 2, 3, 4, 5, 6].map((layer) => `probe-${layer}`)
  for (const name of ['reranker', ...probes]) {
    for (const type of TYPES) run(command, ['convert', join(out, name), '--type', type, '--out', out], { quiet: true })
  }
  step('Native')
  const rows = native(env)
  step('Chromium')
  await build({ profile: 'dev', only: ['secondpass'] })
  const { inChromium } = await import('../tests/real/chromium.mjs')
  process.env.CHROME = ensureChromium()
  rows.push(...(await inChromium(out, process.argv.includes('--webgpu') ? ['cpu', 'webgpu'] : ['cpu'])))
  print(rows)
} finally {
  rmSync(out, { recursive: true, force: true })
}

/** What tests/real.rs prints. */
function native(env) {
  const args = ['test', '--quiet', '--no-default-features', '--test', 'real', '--', '--ignored', '--nocapture']
  const { status, stdout } = spawnSync('cargo', args, {
    cwd: ROOT,
    env: { ...process.env, ...env, SECONDPASS_REAL: out },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = /^SECONDPASS_REAL (.*)$/m.exec(stdout)
  if (status !== 0 || !line) fail(`The native comparison failed:\n${stdout}`)
  return JSON.parse(line[1]).map(({ kind, largest, cosines }) => ({ where: 'native', kind, largest, cosine: Math.min(...cosines) }))
}

/** The table, and whether every figure is within its tolerance. */
function print(rows) {
  const figure = (value) => (value === undefined ? '' : value.toExponential(1))
  const layers = ['embeddings', ...[1, 2, 3, 4, 5, 6].map((layer) => `layer ${layer}`)]
  console.log(`\nLargest difference from Transformers, relative to the largest value of the layer:\n`)
  console.log(`| | ${layers.join(' | ')} | least cosine |`)
  console.log(`|${'---|'.repeat(layers.length + 2)}`)
  for (const { where, kind, largest, cosine } of rows) {
    const cells = largest.map(figure)
    console.log(`| ${where}, ${kind} | ${cells.join(' | ')} | ${cosine === undefined ? '' : cosine.toFixed(6)} |`)
  }
  const wrong = rows.filter(({ kind, largest }) => largest.some((value) => !(value === undefined || value <= TOLERANCE[kind])))
  if (wrong.length > 0) fail(`Beyond the tolerance: ${wrong.map(({ where, kind }) => `${where} ${kind}`).join(', ')}`)
}
