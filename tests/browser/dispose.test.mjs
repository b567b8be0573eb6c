// Memory is released by dispose().
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { memoryOf } from '../../scripts/memory.mjs'
import { open } from './harness.mjs'

/** The first loads fill the browser's own caches; a leak would continue after them. */
const [WARM, LOADS] = [5, 30]

/** Noise of the processes' memory is below this; `LOADS` loads that leaked would be several times as much. */
const MOST_GROWTH = 25e6

let browser
before(async () => (browser = await open()))
after(() => browser?.close())

for (const device of ['webgpu', 'cpu']) {
  test(`memory does not grow over ${LOADS} loads and disposals on ${device}`, async () => {
    const page = await browser.page()
    const round = () =>
      page.evaluate(async (device) => {
        const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device, cache: 'memory' })
        await reranker.rerank({ query: 'a', documents: ['b', 'c'] })
        const { wasm_bytes } = reranker.info
        reranker.dispose()
        return wasm_bytes
      }, device)
    let wasm
    for (let i = 0; i < WARM; i++) wasm = await round()
    const start = await settled()
    for (let i = 0; i < LOADS; i++) await round()
    const end = await settled()
    const growth = { page: end.page - start.page, gpu: end.gpu - start.gpu }
    console.log(`${device}: ${LOADS} loads of ${(wasm / 1e6).toFixed(0)} MB of wasm each: page process ${mb(growth.page)}, GPU process ${mb(growth.gpu)}`)
    assert.ok(wasm * LOADS > 4 * MOST_GROWTH, `${LOADS} loads of ${mb(wasm)} must be enough for a leak to be visible`)
    assert.ok(growth.page < MOST_GROWTH && growth.gpu < MOST_GROWTH, JSON.stringify(growth))
    assert.equal(page.workers().length, 0)
    await page.close()
  })
}

const mb = (bytes) => `${bytes < 0 ? '' : '+'}${(bytes / 1e6).toFixed(1)} MB`

/** Memory of both processes after garbage collection: the minimum over a few samples. */
async function settled() {
  const samples = []
  for (let i = 0; i < 8; i++) {
    await new Promise((done) => setTimeout(done, 250))
    const { page, gpu } = await memoryOf(browser.browser)
    samples.push({ page: page.now, gpu: gpu.now })
  }
  return { page: Math.min(...samples.map((s) => s.page)), gpu: Math.min(...samples.map((s) => s.gpu)) }
}
