// Limits of Safari and Firefox, imitated in the worker before the package's code runs: scores stay right, or the error says why.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { Host } from '../server/faulty.mjs'
import { cases, open } from './harness.mjs'
import { QUICK, MODEL as SMALL, WEIGHTS } from './storage.mjs'

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
  for (const kernels of ['auto', 'direct', 'tile', 'wide', 'quads', 'blocked']) {
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

test('where a private window refuses OPFS, the Cache API is used, and memory where there is neither', async () => {
  assert.equal((await load('opfs-refused', { device: 'cpu' })).ok?.storage, 'cache-api')
  assert.equal((await load('opfs-refused no-caches', { device: 'cpu' })).ok?.storage, 'memory')
})

test('a Cache API that does not answer is replaced by memory', async () => {
  const { ok, error } = await load('silent-caches', { device: 'cpu', cache: 'cache-api', model: browser.host(new Host(SMALL)) })
  assert.equal(ok?.storage, 'memory', error?.message)
})

test('the adapter is asked for before anything is fetched', async () => {
  for (const limits of ['no-webgpu', 'no-adapter']) {
    const host = new Host(SMALL)
    const { error } = await load(limits, { device: 'webgpu', model: browser.host(host) })
    assert.deepEqual([error?.code, host.requests], ['no_webgpu', 0], limits)
  }
})

/** A page that says it is on another platform. */
async function pageOn({ userAgent, platform = '', maxTouchPoints = 0 }) {
  const page = await browser.page()
  await page.evaluate(
    (fields) => {
      for (const [name, value] of Object.entries(fields)) Object.defineProperty(navigator, name, { value, configurable: true })
    },
    { userAgent, platform, maxTouchPoints },
  )
  return page
}

const IPHONE = { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15', platform: 'iPhone', maxTouchPoints: 5 }
const MAC_USER_AGENT = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15'
const IPAD = { userAgent: MAC_USER_AGENT, platform: 'MacIntel', maxTouchPoints: 5 }
const MAC = { userAgent: MAC_USER_AGENT, platform: 'MacIntel' }
const GIB = 2 ** 30

/** A host whose weights are said to have so many bytes. None of them are sent: whoever reads them would wait. */
function largeHost(bytes, files = SMALL) {
  const asked = []
  const { [WEIGHTS]: _, ...described } = files
  const small = new Host(described)
  const handle = (name, request, response) => {
    asked.push(name)
    if (name !== WEIGHTS) return small.handle(name, request, response)
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
    response.writeHead(206, { 'content-range': `bytes ${from}-${Math.min(Number(to), bytes - 1)}/${bytes}`, etag: '"large"' })
    response.flushHeaders()
  }
  return { handle, asked }
}

test('on an iPhone or iPad more than a GiB that has to stay in memory is refused before it is fetched, and elsewhere it is not', async () => {
  for (const [name, platform, bytes, code] of [
    ['iPhone', IPHONE, GIB * 1.2, 'model_too_large'],
    ['iPad', IPAD, GIB * 1.2, 'model_too_large'],
    ['Mac', MAC, GIB * 1.2, 'aborted'],
    ['iPhone, half a GiB', IPHONE, GIB / 2, 'aborted'],
  ]) {
    const page = await pageOn(platform)
    const host = largeHost(Math.round(bytes))
    for (const call of ['load', 'add']) {
      const { code: got, message } = await page.evaluate(
        async ({ model, call }) => {
          const signal = AbortSignal.timeout(4000)
          const load = () => secondpass.Reranker.load({ model, device: 'cpu', cache: 'memory' }, { signal })
          const { error } = await outcome(() => (call === 'load' ? load() : secondpass.cache.add({ model, cache: 'memory' }, { signal })))
          return { code: error?.name === 'TimeoutError' ? 'aborted' : error?.code, message: error?.message }
        },
        { model: browser.host(host), call },
      )
      assert.equal(got, code, `${name}, ${call}: ${message}`)
      if (code === 'model_too_large') {
        assert.match(message, /1288 MB.*1073 MB.*smaller model.*4 bits/)
        assert.ok(host.asked.includes('model.safetensors'), 'its size was asked for')
      }
    }
    await page.close()
  }
})

test('there an encoder of more than a GiB is refused though its files are stored, and a decoder is not, whose layers can be read again', async () => {
  const folder = join(ROOT, 'tests', 'fixtures', 'encoder', 'bert')
  const bert = Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
  const page = await pageOn(IPHONE)
  for (const [files, code] of [
    [bert, 'model_too_large'],
    [SMALL, 'aborted'],
  ]) {
    const host = largeHost(Math.round(GIB * 1.2), files)
    for (const call of ['load', 'add']) {
      const got = await page.evaluate(
        async ({ model, call }) => {
          const signal = AbortSignal.timeout(4000)
          const options = { model, ...(call === 'load' && { device: 'cpu' }) }
          const { error } = await outcome(() => (call === 'load' ? secondpass.Reranker.load(options, { signal }) : secondpass.cache.add(options, { signal })))
          return error?.name === 'TimeoutError' ? 'aborted' : error?.code
        },
        { model: browser.host(host), call },
      )
      assert.equal(got, code, call)
    }
  }
  await page.close()
})

test('on an iPhone a large file that was picked is refused, a fallback is used, and small models load', async () => {
  const page = await pageOn(IPHONE)
  const { error, fallback, score } = await page.evaluate(
    async ({ model, bytes }) => {
      // A blob of pieces that are the same one: it takes no memory of its size.
      const piece = new Blob([new Uint8Array(2 ** 24)])
      const large = new File(Array(Math.ceil(bytes / 2 ** 24)).fill(piece), 'large.gguf')
      const { error } = await outcome(() => secondpass.Reranker.load({ model: large, device: 'cpu', memory: 'resident' }))
      const other = await secondpass.Reranker.load({
        model: large,
        device: 'cpu',
        memory: 'resident',
        fallback: () => secondpass.Reranker.load({ model, device: 'cpu' }),
      })
      const { results } = await other.rerank({ query: 'q', documents: ['a'] })
      const fallback = other.info.fallback_for?.code
      other.dispose()
      return { error, fallback, score: results[0].relevance_score }
    },
    { model: `/models/${MODEL}`, bytes: 1.1 * GIB },
  )
  await page.close()
  assert.deepEqual([error?.code, error?.status, fallback], ['model_too_large', 413, 'model_too_large'])
  assert.ok(score > 0)
})
