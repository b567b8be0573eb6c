// Pictures and requests that harm a worker: refused before they reach it, bounded, or rejected alone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from './harness.mjs'

const VISION = '/fixtures/vl/vl-tied'

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

test('a picture whose buffer was transferred away is refused, and other requests go on', async () => {
  const page = await browser.page()
  const { errors, good, closed, workers } = await page.evaluate(async (model) => {
    const started = []
    const worker = () => started[started.push(new Worker('/dist/worker.js', { type: 'module' })) - 1]
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', worker })
    const detach = (buffer) => structuredClone(buffer, { transfer: [buffer] })
    const pixels = new ImageData(8, 8)
    const buffer = new ArrayBuffer(64)
    const view = new Uint8Array(64)
    for (const gone of [pixels.data.buffer, buffer, view.buffer]) detach(gone)
    const good = reranker.rerank({ query: 'q', documents: Array(40).fill('some text to read') })
    const bodies = [pixels, buffer, view].flatMap((image) => [
      { image },
      { video: { frames: [image, image] } },
      { content: [{ type: 'image_url', image_url: image }] },
    ])
    const errors = []
    for (const document of bodies) errors.push((await outcome(() => reranker.rerank({ query: 'q', documents: ['a', document] }))).error)
    errors.push((await outcome(() => reranker.rerank({ query: { image: pixels }, documents: ['a'] }))).error)
    const { results } = await good
    const { closed } = reranker
    reranker.dispose()
    return { errors, good: results.length, closed, workers: started.length }
  }, VISION)
  for (const error of errors) assert.deepEqual([error?.name, error?.code, error?.status], ['SecondpassError', 'invalid_request', 400], error?.message)
  for (const error of errors.slice(0, -1)) assert.match(error.message, /documents\[1\].*transferred/)
  assert.deepEqual([good, closed, workers], [40, false, 1])
  await page.close()
})

test('no picture fetches the page itself, and what cannot be read is a typed error', async () => {
  const page = await browser.page()
  let fetched = 0
  page.on('request', (request) => {
    if (request.url().endsWith('blank.html')) fetched++
  })
  const errors = await page.evaluate(async (model) => {
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu' })
    const circular = { text: 'a' }
    circular.text = [circular]
    const requests = [
      { query: 'q', documents: [{ image: '' }] },
      { query: 'q', documents: [{ image: ' ' }] },
      { query: 'q', documents: [{ image: { url: '' } }] },
      { query: 'q', documents: [{ image: {} }] },
      { query: 'q', documents: [{ image: [['/a.png']] }] },
      { query: 'q', documents: ['a'], top_n: 1n },
      { query: 'q', documents: [circular] },
      { query: 'q', documents: 'a', self: null },
      {
        query: 'q',
        get documents() {
          throw new TypeError('no')
        },
      },
    ]
    requests[7].self = requests[7]
    const errors = []
    for (const request of requests) errors.push((await outcome(() => reranker.rerank(request))).error)
    reranker.dispose()
    return errors
  }, VISION)
  for (const [i, error] of errors.entries()) assert.deepEqual([error?.name, error?.code], ['SecondpassError', 'invalid_request'], `${i}: ${error?.message}`)
  assert.equal(fetched, 0)
  await page.close()
})

test('a lone surrogate in one document does not refuse the request', async () => {
  const page = await browser.page()
  const [lone, replaced] = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
    const { results } = await reranker.rerank({ query: 'q \udc00', documents: ['a \ud800 b', 'a \ufffd b'], instruction: 'find \ud83d' })
    reranker.dispose()
    return results.map(({ relevance_score }) => relevance_score)
  })
  assert.equal(lone, replaced)
  await page.close()
})

for (const device of ['cpu', 'auto']) {
  test(`on ${device} a request that crashes its worker is rejected after one repeat, and others go on`, async () => {
    const page = await browser.page()
    const seen = await page.evaluate(async (device) => {
      let started = 0
      const worker = () => (started++, new Worker('/pages/dying-worker.js', { type: 'module' }))
      const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device, worker })
      const ask = (query, n = 3) => outcome(async () => (await reranker.rerank({ query, documents: Array(n).fill('a text') })).results.length)
      const together = await Promise.all([ask('q', 20), ask('kill'), ask('q'), ask('q')])
      const workers = started
      const after = await ask('q')
      const { closed } = reranker
      reranker.dispose()
      return { together, after, closed, workers }
    }, device)
    const [first, killer, ...others] = seen.together
    assert.deepEqual([first, ...others, seen.after], [{ ok: 20 }, { ok: 3 }, { ok: 3 }, { ok: 3 }])
    assert.deepEqual([killer.error?.name, killer.error?.code, killer.error?.status], ['SecondpassError', 'internal', 500])
    assert.match(killer.error.message, /crashed/)
    // The first, the one of the repeat, and the one for those that waited behind it.
    assert.equal(seen.workers, 3)
    assert.equal(seen.closed, false)
    await page.close()
  })
}

test('a crash while loading is an error, not a reason to send documents elsewhere', async () => {
  const page = await browser.page()
  const { error, asked, workers } = await page.evaluate(async () => {
    let [started, asked] = [0, 0]
    const worker = () => (started++, new Worker('/pages/dying-worker.js', { type: 'module', name: 'load' }))
    const fallback = () => (asked++, secondpass.Reranker.remote({ url: '/v1/rerank' }))
    const { error } = await outcome(() => secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu', worker, fallback }))
    return { error, asked, workers: started }
  })
  assert.deepEqual([error?.code, asked, workers], ['internal', 0, 2])
  await page.close()
})

test('restarts have an end: requests that all crash close the reranker', async () => {
  const page = await browser.page()
  const { codes, closed, workers } = await page.evaluate(async () => {
    let started = 0
    const worker = () => (started++, new Worker('/pages/dying-worker.js', { type: 'module' }))
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu', worker })
    const codes = []
    for (let i = 0; i < 12; i++) codes.push((await outcome(() => reranker.rerank({ query: 'kill', documents: ['a'] }))).error?.code)
    return { codes, closed: reranker.closed, workers: started }
  })
  assert.deepEqual(codes, Array(12).fill('internal'))
  assert.equal(closed, true)
  assert.equal(workers, 11)
  await page.close()
})

test('an SVG of any size is drawn at a bounded scale', async () => {
  const page = await browser.page()
  const { outcomes, ms, gap, bytes, drawn } = await page.evaluate(async (model) => {
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu' })
    const before = reranker.info.wasm_bytes
    const drawn = []
    const { drawImage } = CanvasRenderingContext2D.prototype
    CanvasRenderingContext2D.prototype.drawImage = function (...args) {
      drawn.push(this.canvas.width * this.canvas.height)
      return drawImage.apply(this, args)
    }
    let [gap, last, running] = [0, performance.now(), true]
    const tick = () => {
      gap = Math.max(gap, performance.now() - last)
      last = performance.now()
      if (running) setTimeout(tick)
    }
    tick()
    const start = performance.now()
    const outcomes = []
    for (const size of ['width="16384" height="16384"', 'width="1e9" height="1e9"', 'viewBox="0 0 16384 16384" width="16384"']) {
      const image = new Blob([`<svg xmlns="http://www.w3.org/2000/svg" ${size}/>`], { type: 'image/svg+xml' })
      outcomes.push(await outcome(async () => (await reranker.rerank({ query: 'q', documents: ['a', { image }] })).results.length))
    }
    running = false
    const bytes = reranker.info.wasm_bytes - before
    reranker.dispose()
    return { outcomes, ms: performance.now() - start, gap, bytes, drawn }
  }, VISION)
  console.log(`three SVGs: ${ms.toFixed(0)} ms, the page was blocked for ${gap.toFixed(0)} ms at most, ${(bytes / 1e6).toFixed(0)} MB of wasm`)
  for (const { ok } of outcomes) assert.ok(ok >= 1, JSON.stringify(outcomes))
  assert.deepEqual(outcomes[0], { ok: 2 })
  // Pixels, not milliseconds, which depend on what else the machine does.
  assert.equal(drawn.length, 3)
  assert.ok(Math.max(...drawn) <= 2 ** 22, `${drawn} pixels were drawn`)
  assert.ok(bytes < 256e6, `${bytes} bytes of wasm`)
  await page.close()
})

test('pixels beyond the limit are refused in the page, for their document alone', async () => {
  const page = await browser.page()
  const { failed, scored } = await page.evaluate(async (model) => {
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu' })
    const canvas = Object.assign(document.createElement('canvas'), { width: 16384, height: 16383 })
    const response = await reranker.rerank({ query: 'q', documents: ['a', { image: canvas }, { image: new OffscreenCanvas(20000, 4000) }] })
    reranker.dispose()
    return { failed: response.meta.failed, scored: response.results.length }
  }, VISION)
  assert.deepEqual([scored, failed.map(({ index }) => index)], [1, [1, 2]])
  for (const { message } of failed) assert.match(message, /pixels, more than the 67108864/)
  await page.close()
})

test('the memory of a large picture is given back', async () => {
  const page = await browser.page()
  const seen = await page.evaluate(async (model) => {
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu' })
    const before = reranker.info.wasm_bytes
    const canvas = new OffscreenCanvas(8192, 8192)
    canvas.getContext('2d').fillRect(0, 0, 1, 1)
    const image = await canvas.convertToBlob({ type: 'image/png' })
    const request = { query: 'q', documents: ['a', { image }] }
    const first = await reranker.rerank(request)
    const taken = reranker.info.wasm_bytes
    const deadline = performance.now() + 20_000
    while (reranker.info.wasm_bytes > 2 * before && performance.now() < deadline) await new Promise((done) => setTimeout(done, 100))
    const left = reranker.info.wasm_bytes
    const text = { query: 'q', documents: ['a'] }
    // A request during the replacement waits for it.
    const second = await reranker.rerank(request)
    await new Promise((done) => setTimeout(done, 505))
    const during = await reranker.rerank(text)
    const { storage } = reranker.info
    reranker.dispose()
    return { before, taken, left, storage, scores: [first, second].map(({ results }) => results), during: during.results.length }
  }, VISION)
  console.log(`wasm: ${seen.before} bytes, with the picture ${seen.taken}, then ${seen.left}`)
  assert.equal(seen.storage, 'opfs')
  assert.ok(seen.taken > seen.before + 256e6)
  assert.ok(seen.left <= 2 * seen.before, `${seen.left} bytes are left`)
  assert.deepEqual(seen.scores[0], seen.scores[1])
  assert.equal(seen.during, 1)
  await page.close()
})
