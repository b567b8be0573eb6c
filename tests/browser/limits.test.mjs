// Limits of Safari and Firefox, imitated in the worker before the package's code runs: scores stay right, or the error says why.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases, open } from './harness.mjs'
import { QUICK } from './storage.mjs'

const MODEL = 'tiny-tied'
/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Loads a model in a worker with these limits and compares its scores; gives `{ ok: info }` or `{ error }`. */
async function load(limits, options) {
  const list = cases(MODEL)
  const page = await browser.page()
  const { ok, error } = await page.evaluate(
    ({ limits, options, requests }) =>
      outcome(async () => {
        const worker = () => new Worker('/pages/limited-worker.js', { type: 'module', name: limits })
        const reranker = await secondpass.Reranker.load({ worker, ...options })
        const answers = []
        for (const request of requests) answers.push((await reranker.rerank(request)).results)
        const { info } = reranker
        reranker.dispose()
        return { info, answers }
      }),
    { limits, options: { model: `/models/${MODEL}`, download: QUICK, ...options }, requests: list.map(({ request }) => request) },
  )
  await page.close()
  list.forEach(({ scores }, i) => {
    for (const { index, relevance_score } of ok?.answers[i] ?? []) {
      assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE, `${relevance_score} is not ${scores[index]}`)
    }
  })
  return ok ? { ok: ok.info } : { error }
}

test('an adapter that says nothing of itself is used', async () => {
  const { ok, error } = await load('no-info', { device: 'webgpu' })
  assert.equal(ok?.device, 'webgpu', error?.message)
  assert.equal(typeof ok.adapter.name, 'string')
})

test("WebGPU's default limits are enough for every style of kernels", async () => {
  for (const kernels of ['auto', 'direct', 'tile', 'wide', 'quads']) {
    const { ok, error } = await load('small', { device: 'webgpu', kernels })
    assert.equal(ok?.device, 'webgpu', `${kernels}: ${error?.message}`)
  }
})

test('without any optional feature, quads are an error and auto takes another style', async () => {
  const auto = await load('no-features', { device: 'webgpu' })
  assert.equal(auto.ok?.device, 'webgpu', auto.error?.message)
  assert.doesNotMatch(auto.ok.kernels, /quads/)
  const { error } = await load('no-features', { device: 'webgpu', kernels: 'quads' })
  assert.equal(error?.code, 'no_webgpu')
  assert.match(error.message, /quads/)
})

test('all of it at once, as in Safari', async () => {
  const { ok, error } = await load('no-info small no-features no-sync-handles', { device: 'webgpu' })
  assert.deepEqual([ok?.device, ok?.storage], ['webgpu', 'cache-api'], error?.message)
})

test('where only pages have WebGPU, auto is the CPU and webgpu says what to do', async () => {
  assert.equal((await load('no-webgpu', {})).ok?.device, 'cpu')
  const { error } = await load('no-webgpu', { device: 'webgpu' })
  assert.equal(error?.code, 'no_webgpu')
  assert.match(error.message, /"cpu"/)
})

test('without synchronous access to OPFS the Cache API is used, and asking for OPFS is an error', async () => {
  assert.equal((await load('no-sync-handles', { device: 'cpu' })).ok?.storage, 'cache-api')
  const { error } = await load('no-sync-handles', { device: 'cpu', cache: 'opfs' })
  assert.match(error?.message ?? '', /OPFS/)
})
