// What a reranker took is given back.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { memoryOf } from '../../scripts/memory.mjs'
import { open } from './harness.mjs'

/** The first loads fill the browser's own caches; a leak goes on after them. */
const [WARM, LOADS] = [5, 20]

/** Twenty loads that stay, of wasm alone, are several times as much. */
const MOST_GROWTH = 25e6

let browser
before(async () => (browser = await open()))
after(() => browser?.close())

for (const device of ['webgpu', 'cpu']) {
  test(`loading and disposing ${LOADS} times on ${device} does not grow`, async () => {
    const page = await browser.page()
    const round = () => page.evaluate(async (device) => {
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
    assert.ok(wasm * LOADS > 4 * MOST_GROWTH, 'a load must take enough for its loss to be seen')
    assert.ok(growth.page < MOST_GROWTH && growth.gpu < MOST_GROWTH, JSON.stringify(growth))
    assert.equal(page.workers().length, 0)
    await page.close()
  })
}

const mb = (bytes) => `${bytes < 0 ? '' : '+'}${(bytes / 1e6).toFixed(1)} MB`

/** What both processes hold once the browser has cleared up: the least of some looks. */
async function settled() {
  const looks = []
  for (let i = 0; i < 8; i++) {
    await new Promise((done) => setTimeout(done, 250))
    const { page, gpu } = await memoryOf(browser.browser)
    looks.push({ page: page.now, gpu: gpu.now })
  }
  return { page: Math.min(...looks.map((l) => l.page)), gpu: Math.min(...looks.map((l) => l.gpu)) }
}
