// Finds or installs the wasm-bindgen command of exactly the version in Cargo.lock; another one refuses our wasm.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, capture, fail, has, ROOT, run, step } from '../lib.mjs'

/** The command; a promise, since building it takes a minute, in which others can build too. */
export async function ensureWasmBindgen() {
  const version = readFileSync(join(ROOT, 'Cargo.lock'), 'utf8').match(/name = "wasm-bindgen"\nversion = "([^"]+)"/)?.[1]
  if (!version) fail('Cargo.lock names no wasm-bindgen; restore it with: git checkout Cargo.lock')
  if (has('wasm-bindgen') && capture('wasm-bindgen', ['--version'], { mayFail: true }).endsWith(` ${version}`)) return 'wasm-bindgen'
  const home = join(CACHE, `wasm-bindgen-${version}`)
  const binary = join(home, 'bin', process.platform === 'win32' ? 'wasm-bindgen.exe' : 'wasm-bindgen')
  if (!existsSync(binary)) {
    step(`installing wasm-bindgen ${version}, beside the next steps`)
    // Lightly optimized: it compiles in half the time, and runs for seconds only.
    const env = { CARGO_PROFILE_RELEASE_OPT_LEVEL: '1', CARGO_PROFILE_RELEASE_DEBUG: 'false' }
    await run.async('cargo', ['install', 'wasm-bindgen-cli', '--version', version, '--root', home, '--quiet'], { env })
  }
  return binary
}
