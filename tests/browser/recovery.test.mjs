// Loss of the GPU device: the model is reloaded from storage and running requests complete.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { serveFile } from '../../scripts/serve.mjs'
import { cases, open } from './harness.mjs'

const MODEL = 'tiny-tied'
const FIXTURE = join(ROOT, 'tests', 'fixtures', 'text', MODEL)
/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** A page whose workers fail as told, one entry per worker in the order of their start; see fragile-worker-setup.js. */
async function fragile(...failures) {
  const page = await browser.page()
  await page.evaluate((failures) => {
    const started = []
    window.started = started
    window.worker = () => {
      const name = String(failures[started.length] ?? '')
      started.push(name)
      return new Worker('/pages/fragile-worker.js', { type: 'module', name })
    }
  }, failures)
  return page
}

async function run(page, options) {
  const [{ request, scores }] = cases(MODEL)
  const result = await page.evaluate(
    async ({ options, request }) =>
      outcome(async () => {
        const reranker = await secondpass.Reranker.load({ ...options, worker: window.worker })
        const before = reranker.info.device
        const reported = []
        const response = await reranker.rerank(request, { onResult: ({ index }) => reported.push(index) })
        const { device, recovered_from } = reranker.info
        reranker.dispose()
        return { before, device, recovered_from, reported, response, workers: window.started.length }
      }),
    { options: { model: `/models/${MODEL}`, ...options }, request },
  )
  await page.close()
  for (const { index, relevance_score } of result.ok?.response.results ?? []) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE)
  return result
}

test('a request survives the loss of its device', async () => {
  const { ok, error } = await run(await fragile('request 1'), { device: 'webgpu' })
  assert.equal(error, undefined)
  assert.equal(ok.device, 'webgpu')
  assert.equal(ok.recovered_from.code, 'device_lost')
  assert.equal(ok.workers, 2)
  assert.equal(new Set(ok.reported).size, ok.reported.length, 'no score is reported twice')
  assert.equal(ok.reported.length, ok.response.results.length)
})

test('a device that is lost repeatedly gives device_lost', async () => {
  const { error } = await run(await fragile('request 1', 'request 1', 'request 1'), { device: 'webgpu' })
  assert.equal(error?.code, 'device_lost')
})

test('with device webgpu, a loss while loading is retried once and then gives device_lost', async () => {
  const { ok } = await run(await fragile('load'), { device: 'webgpu' })
  assert.deepEqual([ok.before, ok.workers, ok.recovered_from?.code], ['webgpu', 2, 'device_lost'])
  const { error } = await run(await fragile('load', 'load'), { device: 'webgpu' })
  assert.equal(error?.code, 'device_lost')
})

test('the overall progress does not go back where a load begins again', async () => {
  const page = await fragile('load')
  const { fractions, workers } = await page.evaluate(async (model) => {
    const fractions = []
    const onProgress = ({ overall }) => fractions.push(overall.fraction)
    const reranker = await secondpass.Reranker.load({ model, device: 'webgpu', worker: window.worker }, { onProgress })
    reranker.dispose()
    return { fractions, workers: window.started.length }
  }, `/models/${MODEL}`)
  assert.equal(workers, 2)
  assert.deepEqual(
    fractions,
    [...fractions].sort((a, b) => a - b),
  )
  assert.equal(fractions.at(-1), 1)
  await page.close()
})

test('a shader that does not compile costs a second load, not the device', async () => {
  const { ok, error } = await run(await fragile('refuses workgroupBarrier'), { device: 'webgpu' })
  assert.equal(error, undefined)
  assert.equal(ok.before, 'webgpu')
  assert.equal(ok.workers, 2)
})

test('shaders that fail the self-check are never used', async () => {
  const page = await fragile('wrong inverseSqrt(', 'wrong inverseSqrt(')
  const { error } = await run(page, { device: 'webgpu' })
  assert.equal(error?.code, 'device_lost')
  assert.match(error.message, /known values/)
})

test('the loss of an unused software adapter is ignored', async () => {
  const { ok, error } = await run(await fragile('unused'), { device: 'auto' })
  assert.equal(error, undefined)
  assert.deepEqual([ok.device, ok.workers, ok.recovered_from], ['cpu', 1, undefined])
})

test('dispose and abort during a recovery take effect at once', async () => {
  for (const action of ['dispose', 'abort']) {
    const page = await fragile('request 1')
    // The host stops answering, so the second worker's load never ends.
    const host = browser.host({
      handle: (name, request, response) => (stalled ? undefined : serveFile(FIXTURE, Object.assign(request, { url: `/${name}` }), response)),
    })
    let stalled = false
    await page.exposeFunction('stopServing', () => {
      stalled = true
    })
    const { ms, error } = await page.evaluate(
      async ({ model, action, request }) => {
        const reranker = await secondpass.Reranker.load({ model, device: 'webgpu', cache: 'memory', worker: window.worker })
        await window.stopServing()
        const controller = new AbortController()
        const outcomes = outcome(() => reranker.rerank(request, { signal: controller.signal }))
        while (window.started.length < 2) await new Promise((done) => setTimeout(done, 20))
        const start = performance.now()
        if (action === 'dispose') reranker.dispose()
        else controller.abort()
        const { error } = await outcomes
        const ms = performance.now() - start
        reranker.dispose()
        return { ms, error }
      },
      { model: host, action, request: cases(MODEL)[0].request },
    )
    assert.equal(action === 'dispose' ? error?.code : error?.name, action === 'dispose' ? 'disposed' : 'AbortError')
    assert.ok(ms < 1000, `${action}: ${ms} ms`)
    for (let i = 0; i < 50 && page.workers().length > 0; i++) await page.waitForTimeout(100)
    assert.equal(page.workers().length, 0)
    await page.close()
  }
})

test('after a loss the reranker takes concurrent requests and can be disposed', async () => {
  const page = await fragile('request 1')
  const [{ request }] = cases(MODEL)
  const outcomes = await page.evaluate(async (request) => {
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'webgpu', worker: window.worker })
    const both = await Promise.all([outcome(() => reranker.rerank(request)), outcome(() => reranker.rerank(request))])
    reranker.dispose()
    return [...both, await outcome(() => reranker.rerank(request))]
  }, request)
  await page.close()
  assert.deepEqual(
    outcomes.map(({ error }) => error?.code),
    [undefined, undefined, 'disposed'],
  )
  assert.deepEqual(outcomes[0].ok.results, outcomes[1].ok.results)
})
