// The table of what differs between engines, from what they show: `node tests/engines/table.mjs` opens each and writes docs/engines.md.
// The test beside this file compares that page with the engine that it runs in.
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { ROOT } from '../../scripts/lib.mjs'
import { ENGINES } from '../../scripts/setup/engines.mjs'
import { cases } from '../browser/harness.mjs'
import { openEngine } from './harness.mjs'
import { compared } from './scores.mjs'

const PAGE = join(ROOT, 'docs', 'engines.md')
const MODEL = 'tiny-tied'
/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5
const NAMES = { chromium: 'Chromium', firefox: 'Firefox', webkit: 'WebKitGTK' }

const yes = (value) => (value ? 'yes' : 'no')
const gpu = (value, unit = String) => (value === undefined ? '' : unit(value))
const kib = (bytes) => `${bytes / 1024} KiB`
const mib = (bytes) => `${bytes / 2 ** 20} MiB`

/** Differences of rounding change with every build. */
const distance = (largest) => (largest <= SCORE_TOLERANCE ? `within ${SCORE_TOLERANCE.toExponential()}` : largest.toExponential(1))

/** What is compared: a name, what an engine shows, and what the package makes of it. */
const ROWS = [
  ['version', ({ version }) => version, ''],
  [
    'WebGPU in a worker',
    ({ can: { webgpu } }) => (webgpu ? `${webgpu.info || 'an adapter without a name'}${webgpu.fallback ? ', in software' : ''}` : 'no'),
    'without it `auto` is the CPU, and `webgpu` the error `no_webgpu`',
  ],
  [
    '`device: "auto"`',
    ({ auto }) => auto.device,
    'a software adapter is slower than the CPU build, so `auto` does not take it; others are measured at the first load',
  ],
  ['`shader-f16`', ({ can: { webgpu } }) => gpu(webgpu?.f16, yes), 'asked for where it is; without it the kernels `half` are an error'],
  ['subgroups', ({ can: { webgpu } }) => gpu(webgpu?.subgroups, yes), 'asked for where they are; without them the kernels `quads` are not tried'],
  ['workgroup memory', ({ can: { webgpu } }) => gpu(webgpu?.workgroupStorage, kib), 'no shader needs more than 16 KiB'],
  ['storage buffers in a shader', ({ can: { webgpu } }) => gpu(webgpu?.storageBuffers), 'no shader needs more than 8'],
  ['largest buffer', ({ can: { webgpu } }) => gpu(webgpu?.bufferSize, mib), ''],
  ['scores on the CPU', ({ cpu }) => distance(cpu), `largest difference from the reference, of ${MODEL}`],
  ['scores on WebGPU', ({ webgpu }) => (webgpu === undefined ? '' : distance(webgpu)), 'the same'],
  ['synchronous access to OPFS', ({ can }) => yes(can.syncAccessHandles), 'without it files go to the Cache API'],
  ['`cache: "auto"`', ({ auto }) => auto.storage, ''],
  ['Web Locks', ({ can }) => yes(can.locks), 'without them two tabs may fetch the same file twice'],
  ['canvas in a worker', ({ can }) => yes(can.offscreenCanvas), 'draws bitmaps, and formats that the package does not decode itself'],
  ['`VideoFrame`', ({ can }) => yes(can.videoFrame), ''],
  [
    'a compressed body that is cut',
    ({ cutBody }) => cutBody,
    'where it ends as if it were complete, a file that makes no sense is fetched once more; `integrity` leaves no doubt',
  ],
  ['stream of a request’s body', ({ can }) => yes(can.requestStreams), 'without it `secondpass/http` reads the body whole'],
  ['relaxed SIMD', ({ can }) => yes(can.relaxedSimd), 'not needed'],
  ['JSPI', ({ can }) => yes(can.jspi), 'not needed'],
]

/** What a page sees of a compressed answer whose connection ends before the body does. */
export async function cutCompressedBody(browser, page) {
  const body = gzipSync(randomBytes(1 << 16))
  const handle = (_name, _request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length })
    response.write(body.subarray(0, body.length / 2), () => setTimeout(() => response.destroy(), 50))
  }
  const url = browser.host({ handle })
  return page.evaluate(async (url) => {
    const response = await fetch(url)
    return response.arrayBuffer().then(
      () => 'ends as if it were complete',
      () => 'is an error',
    )
  }, `${url}file`)
}

/** What an engine shows, by the names of the rows. */
export async function observed(browser) {
  const page = await browser.page()
  const list = cases(MODEL).map(({ request, scores }) => ({ request, expected: scores }))
  const scored = (device) => compared(page, { model: `/models/${MODEL}`, device }, list)
  const auto = await scored('auto')
  const cpu = (await scored('cpu')).largest
  const webgpu = browser.can.webgpu ? (await scored('webgpu')).largest : undefined
  const cutBody = await cutCompressedBody(browser, page)
  await page.close()
  const shown = { version: browser.version, can: browser.can, auto: auto.info, cpu, webgpu, cutBody }
  return new Map(ROWS.map(([name, cell]) => [name, cell(shown)]))
}

/** What the page says of an engine, by the names of the rows. */
export function written(engine) {
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const column = rows[0].indexOf(NAMES[engine])
  return new Map(rows.slice(2).map((cells) => [cells[1], cells[column]]))
}

function pageOf(columns) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const engines = [...columns.keys()]
  return `# Engines

What differs between the browsers that the tests run in, as seen on a machine without a GPU: Chromium computes WebGPU with SwiftShader, Firefox with Mesa's
lavapipe, and WebKitGTK has none. Written by \`node tests/engines/table.mjs\`; \`npm test -- --only engines\` runs the same tests in each of the three and
compares this page with what it sees.

${line(['', ...engines.map((engine) => NAMES[engine]), 'what the package does'])}
${line(Array(engines.length + 2).fill('---'))}
${ROWS.map(([name, , remark]) => line([name, ...engines.map((engine) => columns.get(engine).get(name)), remark])).join('\n')}

The tests: scores of every family on the CPU, and on WebGPU where there is an adapter; pictures, videos and GGUF files; loading, resuming, hashes, stored files;
cancelling and disposing; a crashed worker and a lost device; the choice of the device where adapters do not say that they are software; the package unbundled, bundled and behind a service worker; the demo, with and without a network.
They are in \`tests/engines\`. An engine that is not installed, and cannot be, is reported as skipped.

What WebKitGTK does not show about Safari: Safari has WebGPU from version 26 on. Limits of it and of Firefox are imitated in Chromium by
\`tests/browser/limits.test.mjs\`. A private window of WebKit forgets what is in the Cache API as soon as no page or worker has it open.
`
}

async function write() {
  const columns = new Map()
  for (const [engine, { ensure, missing }] of Object.entries(ENGINES)) {
    if (!ensure()) throw new Error(`The page needs all three engines, and ${engine} is not here: ${missing}`)
    const browser = await openEngine({ engine })
    columns.set(engine, await observed(browser))
    await browser.close()
  }
  writeFileSync(PAGE, pageOf(columns))
  console.log(`Wrote ${PAGE}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await write()
