// Builds what a page loads: wasm, package, demo. Whatever is up to date is left alone.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildDemo as writeDemo } from './demo.mjs'
import { ROOT, TARGET_DIR, run, step } from './lib.mjs'
import { ensureNodeModules } from './setup/node.mjs'
import { ensureRustWasm } from './setup/rust-wasm.mjs'
import { ensureWasmBindgen } from './setup/wasm-bindgen.mjs'

const DIST = join(ROOT, 'pkg', 'dist')
export const WASM = join(DIST, 'wasm', 'secondpass_bg.wasm')
export const DEMO = join(ROOT, 'dist')
/** Published beside the main entry, from the files of the same names in pkg/src. */
const ENTRIES = ['sdk/ai-sdk', 'sdk/langchain', 'http/index']

export async function build() {
  ensureNodeModules()
  await ensureRustWasm()
  buildWasm(ensureWasmBindgen())
  buildPackage()
  await buildDemo()
}

function buildWasm(wasmBindgen) {
  step('Compiling the wasm (several minutes the first time, seconds afterwards)')
  run('cargo', ['rustc', '--quiet', '--lib', '--crate-type', 'cdylib', '--target', 'wasm32-unknown-unknown', '--profile', 'wasm-release'], {
    env: { CARGO_TARGET_DIR: TARGET_DIR },
  })
  const raw = join(TARGET_DIR, 'wasm32-unknown-unknown', 'wasm-release', 'secondpass.wasm')
  const hash = createHash('sha256').update(readFileSync(raw)).digest('hex')
  const stamp = join(DIST, 'wasm', '.input')
  if (existsSync(WASM) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  step('Writing the glue')
  rmSync(join(DIST, 'wasm'), { recursive: true, force: true })
  run(wasmBindgen, ['--target', 'web', '--out-dir', join(DIST, 'wasm'), '--out-name', 'secondpass', '--omit-default-module-path', raw])
  writeFileSync(stamp, hash)
}

export function buildPackage() {
  step('Building the package')
  const bin = (name) => join(ROOT, 'node_modules', '.bin', name)
  const source = (name) => join(ROOT, 'pkg', 'src', `${name}.ts`)
  // What an earlier version left there would be published too.
  if (existsSync(DIST)) for (const name of readdirSync(DIST)) if (name !== 'wasm') rmSync(join(DIST, name), { recursive: true })
  run(bin('tsc'), ['-p', join(ROOT, 'pkg')])
  // esbuild's binary is called directly: its JavaScript API needs the install script, which is not run here.
  const common = ['--bundle', '--format=esm', '--target=es2022', '--minify', '--legal-comments=none', '--log-level=warning', `--outdir=${DIST}`, `--outbase=${join(ROOT, 'pkg', 'src')}`]
  run(bin('esbuild'), [source('index'), source('worker'), '--external:./wasm/secondpass.js', '--external:./wasm/secondpass_cpu.js', ...common])
  cpSync(join(ROOT, 'LICENSE'), join(DIST, 'LICENSE'))
  // The SDK adapters share the page's Reranker, so they import the main entry instead of bundling another copy of it.
  run(bin('esbuild'), [...ENTRIES.map(source), '--external:../index.js', '--external:@langchain/core/*', ...common])
}

export async function buildDemo() {
  step('Building the demo')
  await writeDemo(DIST, DEMO)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await build()
