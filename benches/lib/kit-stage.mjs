// Puts together what the GPU kit consists of, in a folder.
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture, fail, has, ROOT, run, step, TARGET_DIR } from '../../scripts/lib.mjs'
import { copyHeadlessShell, ensureHeadlessShell } from '../../scripts/setup/headless-shell.mjs'
import { tokenizerFields } from '../make-gguf.mjs'
import { kitWorkload } from './kit-workload.mjs'
import { copyLibraries, neededGlibc } from './libraries.mjs'
import { commit } from './machine.mjs'
import { ensurePeers } from './models.mjs'
import { BENCHES } from './server.mjs'

/** What is not made of this repository's own files, and may be left out. */
export const OPTIONAL = ['native', 'browser', 'ort']
const PAGES = ['kit.html', 'kit.js', 'bench.js', 'watch.js', 'ours.js', 'ort.js']
/** onnxruntime-web's modules for WebGPU and for the CPU, and what they load. */
const ORT = [
  'ort.webgpu.bundle.min.mjs',
  'ort-wasm-simd-threaded.asyncify.mjs',
  'ort-wasm-simd-threaded.asyncify.wasm',
  'ort.wasm.bundle.min.mjs',
  'ort-wasm-simd-threaded.mjs',
  'ort-wasm-simd-threaded.wasm',
]
const OF_KIT = /\.(py)$/
/** Files at the top of the kit, beside run.sh, that unpack the rest. */
export const OUTSIDE = ['run.sh', 'unpack.py']

/** Writes the kit to `folder`, whose `work` is left alone: the version of the C library that its programs need. */
export function stageKit(folder, parts) {
  const dist = join(ROOT, 'pkg', 'dist')
  if (!existsSync(join(dist, 'wasm', 'secondpass.js'))) fail('There is no built package to measure. Run `npm run build` first.')
  mkdirSync(folder, { recursive: true })
  for (const entry of readdirSync(folder)) if (entry !== 'work') rmSync(join(folder, entry), { recursive: true })
  const kit = join(BENCHES, 'kit')
  for (const file of readdirSync(kit)) if (OF_KIT.test(file) && !OUTSIDE.includes(file)) copyFileSync(join(kit, file), join(folder, file))
  copyFileSync(join(BENCHES, 'python', 'shapes.py'), join(folder, 'shapes.py'))
  const pages = join(folder, 'site', 'pages')
  mkdirSync(pages, { recursive: true })
  for (const page of PAGES) copyFileSync(join(BENCHES, 'pages', page), join(pages, page))
  cpSync(dist, join(folder, 'site', 'engines', 'ours'), { recursive: true, filter: (path) => !/\.d\.ts$|[/\\]cli$/.test(path) })
  writeFileSync(join(folder, 'workload.json'), JSON.stringify(kitWorkload()))
  const fields = tokenizerFields()
  const count = Buffer.alloc(4)
  count.writeUInt32LE(fields.length)
  writeFileSync(join(folder, 'tokenizer.kv'), Buffer.concat([count, ...fields]))
  const versions = { secondpass: commit() }
  const programs = []
  if (parts.includes('native')) programs.push(stageNative(join(folder, 'bin')))
  if (parts.includes('browser')) programs.push(stageBrowser(join(folder, 'browser')))
  if (parts.includes('ort')) versions['onnxruntime-web'] = stageOrt(join(folder, 'site', 'engines', 'ort'))
  writeFileSync(join(folder, 'versions.json'), JSON.stringify(versions))
  return programs
}

/** Libraries for a machine that has none: the version of the C library that is needed even so. */
export function stageLibraries(folder, programs) {
  const lib = join(folder, 'lib')
  copyLibraries(programs, lib, join(folder, 'browser'))
  return neededGlibc([...programs, ...readdirSync(lib).map((name) => join(lib, name))])
}

function stageNative(folder) {
  const built = buildNative()
  mkdirSync(folder, { recursive: true })
  const path = join(folder, process.platform === 'win32' ? 'gpu.exe' : 'gpu')
  copyFileSync(built, path)
  chmodSync(path, 0o755)
  if (has('strip')) run('strip', [path])
  return path
}

/** SECONDPASS_GPU_BENCH names one that is built already. */
function buildNative() {
  if (process.env.SECONDPASS_GPU_BENCH) return process.env.SECONDPASS_GPU_BENCH
  step('Building the native benchmark (minutes at the first time)')
  const args = ['bench', '--quiet', '--no-run', '--bench', 'gpu', '--target-dir', TARGET_DIR, '--message-format', 'json-render-diagnostics']
  const lines = capture('cargo', args).split('\n')
  const artifacts = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  const found = artifacts.find(({ target, executable }) => executable && target.name === 'gpu')
  return found?.executable ?? fail('cargo did not say where the native benchmark is.')
}

function stageBrowser(folder) {
  return copyHeadlessShell(ensureHeadlessShell(), folder)
}

function stageOrt(folder) {
  ensurePeers()
  const from = join(BENCHES, 'node_modules', 'onnxruntime-web')
  mkdirSync(folder, { recursive: true })
  for (const file of ORT) copyFileSync(join(from, 'dist', file), join(folder, file))
  return JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')).version
}
