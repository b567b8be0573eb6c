// Faulty hosts, networks and files: the page gets a typed error quickly.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from './harness.mjs'
import { QUICK } from './storage.mjs'

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

const load = async (model, extra = {}) => {
  const page = await browser.page()
  const result = await page.evaluate(
    (options) =>
      outcome(async () => {
        const reranker = await secondpass.Reranker.load(options)
        const { results } = await reranker.rerank({ query: 'q', documents: ['a'] })
        reranker.dispose()
        return results.length
      }),
    { model, device: 'cpu', download: QUICK, ...extra },
  )
  await page.close()
  return result
}

const FAULTS = {
  missing: 'not_found',
  'missing@config.json': 'not_found',
  'missing@tokenizer.json': 'not_found',
  broken: 'bad_response',
  html: 'bad_response',
  'html@config.json': 'bad_response',
  'html@tokenizer.json': 'bad_response',
  cut: 'network',
  'cut-range': 'network',
  'wrong-range': 'bad_response',
  truncated: 'invalid_weights',
  'oversized-header': 'invalid_weights',
  overlap: 'invalid_weights',
  'not-json': 'invalid_weights',
  'wrong-dtype': 'unsupported_dtype',
  'missing-tensor': 'missing_tensor',
}
for (const [kind, code] of Object.entries(FAULTS)) {
  test(`${kind} gives ${code}`, async () => {
    const { error } = await load(`/fault/${encodeURIComponent(kind)}/tiny-tied`)
    assert.equal(error?.name, 'SecondpassError')
    assert.equal(error.code, code, error.message)
    assert.ok(error.message.length > 20 && error.status >= 400)
  })
}

test('hosts without range requests and hosts that redirect work', async () => {
  assert.deepEqual(await load('/fault/no-range/tiny-tied'), { ok: 1 })
  assert.deepEqual(await load('/redirect/models/tiny-tied/'), { ok: 1 })
})

test('an unreachable host gives network', async () => {
  const { error } = await load('http://127.0.0.1:9/model')
  assert.equal(error.code, 'network')
})

test('a missing worker script or wasm file gives worker_failed', async () => {
  for (const extra of [{ worker: '/nowhere.js' }, { wasmUrl: '/nowhere.wasm' }]) {
    const { error } = await load('/models/tiny-tied', extra)
    assert.equal(error.code, 'worker_failed', error.message)
  }
})

test('unknown values of load options are refused with the list of known ones', async () => {
  for (const [extra, exists] of [
    [{ dtype: 'int3' }, 'q8_0'],
    [{ device: 'tpu' }, 'webgpu'],
    [{ kernels: 'magic' }, 'quads'],
  ]) {
    const { error } = await load('/models/tiny-tied', extra)
    assert.equal(error.code, 'invalid_request', error.message)
    assert.match(error.message, new RegExp(exists))
  }
})

test('invalid requests and requests after dispose() give typed errors', async () => {
  const page = await browser.page()
  const errors = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
    const requests = [{}, { query: 'q', documents: [] }, { query: 'q', documents: [{ image: 'a.png' }] }]
    const errors = []
    for (const request of requests) errors.push((await outcome(() => reranker.rerank(request))).error)
    reranker.dispose()
    errors.push((await outcome(() => reranker.rerank({ query: 'q', documents: ['a'] }))).error)
    return errors
  })
  assert.deepEqual(
    errors.map((e) => [e.code, e.status]),
    [
      ['invalid_request', 400],
      ['invalid_request', 400],
      ['invalid_request', 400],
      ['disposed', 409],
    ],
  )
})
