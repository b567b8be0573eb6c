// The built package in a real browser, on both devices: scores against Transformers, and every kernel against its definition.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases, MODELS, open } from './harness.mjs'

/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5
/** As in tests/reference.rs: how far 8-bit weights may move a score of these random models. */
const Q8_TOLERANCE = 5e-2

/** How far products in half precision, which a page has to ask for, may move a score. */
const HALF_TOLERANCE = 1e-2

/** Styles of kernels, and the feature of an adapter that one needs. */
const STYLES = { direct: undefined, tile: undefined, wide: undefined, quads: 'subgroups', blocked: undefined, half: 'shader-f16' }

let browser
let features
const lacks = (style) => STYLES[style] && !features.includes(STYLES[style]) && `the adapter has no ${STYLES[style]}`
before(async () => {
  browser = await open()
  const page = await browser.page()
  features = await page.evaluate(async () => [...(await navigator.gpu.requestAdapter()).features])
  await page.close()
})
after(() => browser?.close())

async function largestDifference(model, options) {
  const page = await browser.page()
  const list = cases(model)
  const { info, responses } = await page.evaluate(
    async ({ options, requests }) => {
      const reranker = await secondpass.Reranker.load(options)
      const responses = []
      for (const request of requests) responses.push(await reranker.rerank(request))
      const info = reranker.info
      reranker.dispose()
      return { info, responses }
    },
    { options: { model: `/models/${model}`, ...options }, requests: list.map((c) => c.request) },
  )
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
    test(`${model} on ${device} matches the reference scores`, async () => {
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

for (const kernels of Object.keys(STYLES)) {
  test(`${kernels} kernels match the reference scores, and info names them`, async (t) => {
    if (lacks(kernels)) return t.skip(lacks(kernels))
    const largest = await largestDifference(MODELS[0], { device: 'webgpu', kernels })
    console.log(`${kernels}: largest difference ${largest.toExponential(2)}`)
    assert.ok(largest <= (kernels === 'half' ? HALF_TOLERANCE : SCORE_TOLERANCE), `${largest}`)
  })
}

test('kernels in half precision are refused where the adapter has none', async (t) => {
  if (features.includes('shader-f16')) return t.skip('the adapter has shader-f16')
  const page = await browser.page()
  const error = await page.evaluate(
    (model) => secondpass.Reranker.load({ model, device: 'webgpu', kernels: 'half' }).then(String, ({ message }) => message),
    `/models/${MODELS[0]}`,
  )
  await page.close()
  assert.match(error, /cannot use the kernels "half"/)
})

/** Runs every kernel against its definition in a worker: `{ report, error }`. Each device is run once. */
const reports = {}
function kernelReport(device) {
  reports[device] ??= browser.page().then(async (page) => {
    const result = await page.evaluate(
      (name) =>
        new Promise((resolve) => {
          const worker = new Worker('/pages/kernels-worker.js', { type: 'module', name })
          worker.onmessage = ({ data }) => resolve(data)
          worker.onerror = (event) => resolve({ error: event.message })
        }),
      device,
    )
    await page.close()
    return result
  })
  return reports[device]
}

for (const device of ['cpu', 'webgpu']) {
  test(`every kernel matches its definition on ${device}`, async () => {
    const { report, error } = await kernelReport(device)
    assert.equal(error, undefined)
    assert.ok(report.length > 40)
    for (const { name, max_abs_diff, tolerance, nan_left, ok } of report) assert.ok(ok, `${name}: ${max_abs_diff} of ${tolerance}, ${nan_left} left`)
  })
}

for (const style of Object.keys(STYLES)) {
  test(`the kernels on webgpu include those of style ${style}`, async (t) => {
    if (lacks(style)) return t.skip(lacks(style))
    const { report } = await kernelReport('webgpu')
    const styles = new Set(report.map(({ name }) => name.split(' ').pop()).filter((word) => /^[a-z]+$/.test(word)))
    assert.ok(styles.has(style), [...styles].join())
  })
}
