// What a page downloads must stay small: each wasm module raw and after brotli, the JavaScript after gzip. The limits are
// what was reached plus 5 %.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { glueFolder, MODULES, minifiedGlue } from './build.mjs'
import { fail, ROOT, TARGET_DIR } from './lib.mjs'

const WASM_LIMITS = {
  secondpass: { raw: 5_500_000, brotli: 1_400_000 },
  secondpass_cpu: { raw: 4_230_000, brotli: 1_070_000 },
}
/** What every page loads that reranks or embeds, the entries that some of them load besides, and what runs in Node alone. */
const JS_LIMITS = {
  core: 49_800,
  'search/index.js': 24_000,
  'http/index.js': 8_700,
  'sdk/ai-sdk.js': 2_100,
  'sdk/langchain.js': 1_500,
  'sdk/tanstack-ai.js': 1_700,
  'ui/react.js': 2_200,
  'ui/vue.js': 2_300,
  'ui/svelte.js': 2_200,
  'testing/index.js': 6_500,
  'video/index.js': 4_950,
  'models.js': 2_900,
  'node-worker.js': 2_550,
  'cli/main.js': 106_000,
}
const CORE = ['index.js', 'worker.js']

/** Measures the release modules, which must have been built. */
export function sizeGate() {
  const tooLarge = []
  const check = (what, bytes, limit) => {
    console.log(`  ${what}: ${bytes} of ${limit} bytes`)
    if (bytes > limit) tooLarge.push(what)
  }
  for (const { name } of MODULES) {
    const wasm = readFileSync(join(glueFolder('release'), `${name}_bg.wasm`))
    check(`${name}_bg.wasm`, wasm.length, WASM_LIMITS[name].raw)
    check(`${name}_bg.wasm after brotli`, brotliSize(wasm), WASM_LIMITS[name].brotli)
  }
  for (const [name, scripts] of Object.entries(javascript())) {
    const bytes = scripts.reduce((sum, script) => sum + gzipSync(script, { level: 9 }).length, 0)
    check(`${name === 'core' ? 'JavaScript' : name} after gzip`, bytes, JS_LIMITS[name] ?? 0)
  }
  if (tooLarge.length > 0) fail(`Too large for a page: ${tooLarge.join(', ')}. \`node scripts/wasm-crates.mjs --help\` tells what a module is made of.`)
}

/** The package's scripts: those that all pages load, and each entry of its own. One without a limit is too large. */
function javascript() {
  const dist = join(ROOT, 'pkg', 'dist')
  const bundles = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js') && !file.startsWith('wasm'))
  const script = (file) => readFileSync(join(dist, file))
  const own = bundles.filter((file) => !CORE.includes(file)).map((file) => [file.replaceAll('\\', '/'), [script(file)]])
  // Not what lies beside the bundles, which may be a development build's.
  const glue = MODULES.map(({ name }) => minifiedGlue(name, 'release'))
  return { core: [...CORE.map(script), ...glue], ...Object.fromEntries(own) }
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
