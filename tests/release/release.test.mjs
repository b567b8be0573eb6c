// The two modules as they are published: each loads, and gives the reference's scores. The other browser tests run a build
// that is linked in seconds and holds both backends.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases, open } from '../browser/harness.mjs'

/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

for (const [device, module] of [
  ['cpu', 'secondpass_cpu_bg.wasm'],
  ['webgpu', 'secondpass_bg.wasm'],
]) {
  test(`${module} gives the reference's scores on ${device}`, async () => {
    const { request, scores } = cases('tiny-tied').find(({ name }) => name === 'several')
    const page = await browser.page()
    const fetched = []
    page.on('request', (request) => request.url().endsWith('.wasm') && fetched.push(request.url().split('/').at(-1)))
    const { results } = await page.evaluate(
      async ({ device, request }) => {
        const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device })
        const response = await reranker.rerank(request)
        reranker.dispose()
        return response
      },
      { device, request },
    )
    await page.close()
    assert.deepEqual(fetched, [module])
    assert.equal(results.length, scores.length)
    for (const { index, relevance_score } of results) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE)
  })
}
