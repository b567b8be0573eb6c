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
  if (options.kernels) assert.equal(info.kernels, options.kernels)
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

test('every kind of kernels gives the reference\'s scores, and info says which computed', async () => {
  const page = await browser.page()
  const subgroups = await page.evaluate(async () => (await navigator.gpu.requestAdapter()).features.has('subgroups'))
  await page.close()
  for (const kernels of ['direct', 'tile', 'wide', ...(subgroups ? ['quads'] : [])]) {
    const largest = await largestDifference(MODELS[0], { device: 'webgpu', kernels })
    assert.ok(largest <= SCORE_TOLERANCE, `${kernels}: ${largest}`)
  }
})

for (const device of ['cpu', 'webgpu']) {
  test(`every kernel is its definition on ${device}`, async () => {
    const page = await browser.page()
    const { report, subgroups, error } = await page.evaluate((name) => new Promise((resolve) => {
      const worker = new Worker('/pages/kernels-worker.js', { type: 'module', name })
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = (event) => resolve({ error: event.message })
    }), device)
    await page.close()
    assert.equal(error, undefined)
    assert.ok(report.length > 40)
    if (device === 'webgpu') {
      const styles = new Set(report.map(({ name }) => name.split(' ').pop()).filter((style) => /^[a-z]+$/.test(style)))
      for (const style of ['direct', 'tile', 'wide', ...(subgroups ? ['quads'] : [])]) assert.ok(styles.has(style), `${style}: ${[...styles]}`)
      if (!subgroups) console.log('this adapter has no subgroups, so that quads are not tested')
    }
    for (const { name, max_abs_diff, tolerance, nan_left, ok } of report) assert.ok(ok, `${name}: ${max_abs_diff} of ${tolerance}, ${nan_left} left`)
  })
}
