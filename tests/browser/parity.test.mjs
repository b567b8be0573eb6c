// The reference's scores, through the built package, in a real browser, on both devices.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MODELS, cases, open } from './harness.mjs'

/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-3
/** Weights in 8-bit blocks, of models that are pure noise. */
const Q8_TOLERANCE = 5e-2

let browser
before(async () => { browser = await open() })
after(() => browser?.close())

async function largestDifference(model, options) {
  const page = await browser.page()
  const list = cases(model)
  const { info, responses } = await page.evaluate(async ({ options, requests }) => {
    const reranker = await secondpass.Reranker.load(options)
    const responses = []
    for (const request of requests) responses.push(await reranker.rerank(request))
    const info = reranker.info
    reranker.dispose()
    return { info, responses }
  }, { options: { model: `/models/${model}`, ...options }, requests: list.map((c) => c.request) })
  await page.close()
  assert.equal(info.device, options.device)
  let largest = 0
  list.forEach(({ scores, ids }, i) => {
    const { results, usage } = responses[i]
    assert.equal(results.length, scores.length)
    assert.equal(usage.prompt_tokens, ids.flat().length)
    for (const { index, relevance_score } of results) largest = Math.max(largest, Math.abs(relevance_score - scores[index]))
  })
  return largest
}

for (const model of MODELS) {
  for (const device of ['cpu', 'webgpu']) {
    test(`${model} on ${device} gives the reference's scores`, async () => {
      const largest = await largestDifference(model, { device })
      console.log(`${model} on ${device}: largest difference ${largest.toExponential(2)}`)
      assert.ok(largest <= SCORE_TOLERANCE, `${largest}`)
    })
    test(`${model} on ${device} with 8-bit weights stays close`, async () => {
      const largest = await largestDifference(model, { device, dtype: 'q8_0' })
      assert.ok(largest > 0 && largest <= Q8_TOLERANCE, `${largest}`)
    })
  }
}

for (const device of ['cpu', 'webgpu']) {
  test(`every kernel is its definition on ${device}`, async () => {
    const page = await browser.page()
    const { report, error } = await page.evaluate((name) => new Promise((resolve) => {
      const worker = new Worker('/pages/kernels-worker.js', { type: 'module', name })
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = (event) => resolve({ error: event.message })
    }), device)
    await page.close()
    assert.equal(error, undefined)
    assert.ok(report.length > 40)
    for (const { name, max_abs_diff, tolerance, nan_left, ok } of report) assert.ok(ok, `${name}: ${max_abs_diff} of ${tolerance}, ${nan_left} left`)
  })
}
