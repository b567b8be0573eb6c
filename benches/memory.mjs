// Measures a full-size model in a page, at the first and the second visit: memory of the page process, its wasm and the GPU
// process, bytes fetched, time to the first score.
//   node benches/memory.mjs [--shape 0.6b|2b] [--type q4_0|q8_0] [--device webgpu|cpu] [--no-score]
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { memoryOf } from '../scripts/memory.mjs'
import { openPage } from './lib/browser.mjs'
import { CACHE, startServer } from './lib/server.mjs'
import { makeGguf } from './make-gguf.mjs'

const { values } = parseArgs({
  options: {
    shape: { type: 'string', default: '2b' },
    type: { type: 'string', default: 'q4_0' },
    device: { type: 'string', default: 'webgpu' },
    'no-score': { type: 'boolean', default: false },
    gpu: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`node benches/memory.mjs [--shape 0.6b|2b] [--type q4_0|q8_0] [--device webgpu|cpu] [--no-score] [--gpu]

Makes a GGUF file of that shape with random weights (once), loads it in Chromium twice, and prints the results.
--no-score skips the scoring, which takes minutes on a software adapter; --gpu uses the machine's GPU.`)
  process.exit(0)
}

const name = `random-${values.shape}-${values.type}.gguf`
const file = join(CACHE, 'models', 'shapes', name)
if (!existsSync(file)) makeGguf({ shape: values.shape, type: values.type, out: file })
const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
const server = await startServer()
// A profile on disk, because a private window keeps its storage in memory.
const profile = mkdtempSync(join(tmpdir(), 'secondpass-'))
const { browser, page, version } = await openPage(server.url, { gpu: values.gpu, profile })
const blank = await memoryOf(browser)

console.log(`${name}, ${mb(statSync(file).size)}, Chromium ${version}, ${values.device}`)
for (const visit of ['first visit', 'second visit']) {
  const visitResult = await page.evaluate(
    async ({ model, device, score }) => {
      const { Reranker } = await import('/engines/ours/index.js')
      const start = performance.now()
      const fetched = {}
      const reranker = await Reranker.load(
        { model: new URL(model, location.href).href, device },
        {
          onProgress: ({ stage, file, loaded }) => {
            if (stage === 'download') fetched[file] = loaded
          },
        },
      )
      const loaded = performance.now() - start
      let first = null
      if (score) {
        await reranker.rerank({ query: 'capital of China', documents: ['Beijing'] })
        first = performance.now() - start
      }
      window.reranker = reranker
      return { loaded, first, fetched: Object.values(fetched).reduce((a, b) => a + b, 0), info: reranker.info }
    },
    { model: `/models/shapes/${name}`, device: values.device, score: !values['no-score'] },
  )
  const memory = await memoryOf(browser)
  await page.evaluate(() => window.reranker.dispose())
  const seconds = (ms) => (ms === null ? 'not measured' : `${(ms / 1000).toFixed(1)} s`)
  console.log(`${visit}: loaded in ${seconds(visitResult.loaded)}, first score after ${seconds(visitResult.first)}, ${mb(visitResult.fetched)} from the network or storage, kept in ${visitResult.info.storage}
  wasm ${mb(visitResult.info.wasm_bytes)}; page process ${mb(memory.page.peak)} at most (${mb(blank.page.peak)} before); GPU process ${mb(memory.gpu.peak)} at most`)
}
await page.context().close()
await server.close()
rmSync(profile, { recursive: true, force: true })
