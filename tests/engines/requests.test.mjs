// Requests in every engine: results as they come, cancelling, disposing, crashes of the worker and the loss of a GPU device.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases } from '../browser/harness.mjs'
import { ENGINE, openEngine } from './harness.mjs'

const MODEL = 'tiny-tied'
/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5
/** An abort takes effect in the next turn of the worker; the rest is for a busy machine. */
const ABORT_MS = 1500

let browser
let page
before(async () => {
  browser = await openEngine()
  page = await browser.page()
})
after(() => browser?.close())

test('results arrive one by one, and the page can work in between', async () => {
  const { seen, results, turns } = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
    const seen = []
    let turns = 0
    const timer = setInterval(() => turns++, 10)
    const documents = Array.from({ length: 60 }, (_, i) => `document ${i} `.repeat(12))
    const { results } = await reranker.rerank({ query: 'q', documents }, { onResult: ({ index }) => seen.push([index, turns]) })
    clearInterval(timer)
    reranker.dispose()
    return { seen, results: results.length, turns }
  })
  assert.equal(results, 60)
  assert.deepEqual(
    seen.map(([index]) => index).sort((a, b) => a - b),
    [...Array(60).keys()],
  )
  assert.ok(seen[0][1] < seen.at(-1)[1], `the page had ${turns} turns, and the first result came with the last`)
})

test('an abort ends a request at once, and the next one is answered', async () => {
  const { aborted, ms, queued, next } = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
    const long = { query: 'q', documents: Array(300).fill('a long document '.repeat(20)) }
    const [first, second] = [new AbortController(), new AbortController()]
    const running = outcome(() => reranker.rerank(long, { signal: first.signal, onResult: () => started() }))
    const waiting = outcome(() => reranker.rerank(long, { signal: second.signal }))
    let started
    await new Promise((done) => (started = done))
    const start = performance.now()
    second.abort()
    const queued = (await waiting).error
    first.abort()
    const aborted = (await running).error
    const ms = performance.now() - start
    const next = await outcome(async () => (await reranker.rerank({ query: 'q', documents: ['a'] })).results.length)
    reranker.dispose()
    return { aborted, ms, queued, next }
  })
  assert.deepEqual([aborted?.name, queued?.name], ['AbortError', 'AbortError'])
  assert.ok(ms < ABORT_MS, `${ms} ms`)
  assert.deepEqual(next, { ok: 1 })
})

test('dispose ends the worker, rejects what runs and refuses what comes', async () => {
  const { running, next, beats, twice } = await page.evaluate(async () => {
    const worker = () => new Worker('/engines/beating-worker.js', { type: 'module' })
    const channel = new BroadcastChannel('heartbeat')
    const beatsIn = async (ms) => {
      let beats = 0
      channel.onmessage = () => beats++
      await new Promise((done) => setTimeout(done, ms))
      return beats
    }
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu', worker })
    const alive = await beatsIn(600)
    const pending = outcome(() => reranker.rerank({ query: 'q', documents: Array(500).fill('a document') }))
    reranker.dispose()
    const running = (await pending).error
    const next = (await outcome(() => reranker.rerank({ query: 'q', documents: ['a'] }))).error
    // What was under way may still arrive.
    await beatsIn(300)
    const beats = { alive, after: await beatsIn(600) }
    channel.close()
    reranker.dispose()
    return { running, next, beats, twice: reranker.closed }
  })
  assert.deepEqual([running?.code, next?.code, next?.status, twice], ['disposed', 'disposed', 409, true])
  assert.ok(beats.alive > 2 && beats.after === 0, JSON.stringify(beats))
})

test('ten loads and disposals do not exhaust the engine', async () => {
  const scores = await page.evaluate(async () => {
    const scores = []
    for (let i = 0; i < 10; i++) {
      const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu', cache: 'memory' })
      scores.push((await reranker.rerank({ query: 'a', documents: ['b'] })).results[0].relevance_score)
      reranker.dispose()
    }
    return scores
  })
  assert.deepEqual([...new Set(scores)].length, 1)
})

test('after a crash of the worker only the request that caused it fails', async () => {
  const { together, closed, started, cores } = await page.evaluate(async () => {
    let started = 0
    const worker = () => {
      started++
      return new Worker('/pages/dying-worker.js', { type: 'module' })
    }
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu', worker, workers: 1 })
    const ask = (query) => outcome(async () => (await reranker.rerank({ query, documents: ['a text', 'another'] })).results.length)
    const together = await Promise.all([ask('q'), ask('kill'), ask('q')])
    const { closed } = reranker
    reranker.dispose()
    return { together, closed, started, cores: navigator.hardwareConcurrency }
  })
  const [first, killer, last] = together
  assert.deepEqual([first, last, closed], [{ ok: 2 }, { ok: 2 }, false])
  assert.deepEqual([killer.error?.name, killer.error?.code], ['SecondpassError', 'internal'])
  console.log(`${ENGINE}: says ${cores} cores`)
  assert.equal(started, 3)
})

test('a request survives the loss of its GPU device', async (t) => {
  if (!browser.can.webgpu) return t.skip('this engine gives no WebGPU adapter here')
  const [{ request, scores }] = cases(MODEL)
  const { ok, error } = await page.evaluate(
    async ({ model, request }) =>
      outcome(async () => {
        let started = 0
        const worker = () => new Worker('/pages/fragile-worker.js', { type: 'module', name: started++ ? '' : 'request 1' })
        const reranker = await secondpass.Reranker.load({ model, device: 'webgpu', worker })
        const { results } = await reranker.rerank(request)
        const { info } = reranker
        reranker.dispose()
        return { results, info, started }
      }),
    { model: `/models/${MODEL}`, request },
  )
  assert.equal(error, undefined)
  assert.deepEqual([ok.info.device, ok.info.recovered_from?.code, ok.started], ['webgpu', 'device_lost', 2])
  for (const { index, relevance_score } of ok.results) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE)
})

test('without WebGPU, webgpu is a typed error and auto is the CPU', async () => {
  const { gpu, auto } = await page.evaluate(async () => {
    const worker = () => new Worker('/engines/no-webgpu-worker.js', { type: 'module' })
    const load = (device) =>
      outcome(async () => {
        const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device, worker })
        reranker.dispose()
        return reranker.info.device
      })
    return { gpu: await load('webgpu'), auto: await load('auto') }
  })
  assert.deepEqual([gpu.error?.code, auto], ['no_webgpu', { ok: 'cpu' }])
})

test('nothing of all that was written to the console', async () => {
  assert.deepEqual(await page.errors(), [], ENGINE)
})
