// What a page downloads must stay small: wasm after brotli, JavaScript after gzip. Printed at every run.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { WASM } from './build.mjs'
import { ROOT, TARGET_DIR, fail } from './lib.mjs'

const WASM_LIMIT = 3_000_000
const JS_LIMIT = 50_000

export function sizeGate() {
  const dist = join(ROOT, 'pkg', 'dist')
  const adapters = ['sdk/ai-sdk.js', 'sdk/langchain.js', 'http/index.js']
  const js = ['index.js', 'worker.js', 'wasm/secondpass.js', ...adapters].reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file)), { level: 9 }).length, 0)
  const wasm = brotliSize(readFileSync(WASM))
  console.log(`wasm after brotli ${wasm} of ${WASM_LIMIT} bytes; JavaScript after gzip ${js} of ${JS_LIMIT} bytes`)
  if (wasm > WASM_LIMIT) fail('The wasm is too large for a page.')
  if (js > JS_LIMIT) fail('The JavaScript is too large for a page.')
}

// Brotli at its best takes half a minute, so its answer is remembered by the file's hash.
function brotliSize(bytes) {
  const known = join(TARGET_DIR, 'sizes', `${createHash('sha256').update(bytes).digest('hex')}.brotli-size`)
  if (existsSync(known)) return Number(readFileSync(known, 'utf8'))
  const size = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length
  mkdirSync(join(TARGET_DIR, 'sizes'), { recursive: true })
  writeFileSync(known, String(size))
  return size
}
