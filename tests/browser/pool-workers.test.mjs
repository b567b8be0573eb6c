// How many workers there are, and what happens as they come and go: nothing is lost with one of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openForPool, TEXT, VISION } from './pool.mjs'

let browser
before(async () => {
  browser = await openForPool()
})
after(() => browser?.close())

const inPage = (...args) => browser.inPage(...args)

test('an abort in the middle ends all portions, and the next request runs', async () => {
  const { error, seen, after, both, aborts } = await inPage(async (model) => {
    const { watchedWorkers, texts } = window.pool
    const { worker, seen: asked, aborts } = watchedWorkers()
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 2, worker })
    const controller = new AbortController()
    let seen = 0
    let before
    const onResult = () => {
      if (++seen !== 3) return
      before = asked.flat().length
      controller.abort(new Error('enough'))
    }
    const { error } = await outcome(() => reranker.rerank({ query: 'q', documents: texts(400) }, { signal: controller.signal, onResult }))
    const both = asked.every((requests) => requests.length > 0)
    const { results } = await reranker.rerank({ query: 'q', documents: ['a'] })
    reranker.dispose()
    return { error, seen, both, aborts, after: [results.length, asked.flat().length - before] }
  }, TEXT)
  assert.equal(error.message, 'enough')
  assert.ok(seen >= 3 && seen < 200, `${seen} of 400`)
  assert.ok(both)
  assert.deepEqual(aborts, [1, 1])
  assert.deepEqual(after, [1, 1], 'nothing of the aborted request is sent any more')
})

test('a worker that crashes in mid-request loses nothing, and another takes its place', async () => {
  const { whole, response, reported, info, workers } = await inPage(async (model) => {
    const { watchedWorkers, texts, lasting, until } = window.pool
    const request = { query: 'q', documents: texts(60) }
    const single = await secondpass.Reranker.load({ model, device: 'cpu', savings: window.pool.EXACT, workers: 1 })
    const whole = lasting(await single.rerank(request))
    single.dispose()
    const { worker, seen } = watchedWorkers(['', 'result 3'])
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', savings: window.pool.EXACT, workers: 2, worker })
    const reported = []
    const response = lasting(await reranker.rerank(request, { onResult: ({ index }) => reported.push(index) }))
    await until(() => reranker.info.workers === 2)
    const { info } = reranker
    reranker.dispose()
    return { whole, response, reported, info, workers: seen.length }
  }, TEXT)
  assert.deepEqual(response, whole)
  assert.equal(reported.length, 60)
  assert.equal(new Set(reported).size, 60, 'no score is reported twice')
  assert.equal(info.recovered_from.code, 'internal')
  assert.equal(workers, 3)
})

test('a request that crashes its workers is rejected alone, after one repeat', async () => {
  const { together, after, workers, alone, closed } = await inPage(async (model) => {
    const { watchedWorkers, texts, until } = window.pool
    const { worker, seen } = watchedWorkers()
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 2, worker })
    const ask = (more = []) => outcome(async () => (await reranker.rerank({ query: 'q', documents: [...texts(30), ...more] })).results.length)
    const together = await Promise.all([ask(), ask(['kill']), ask(), ask()])
    await until(() => reranker.info.workers === 2)
    const after = await ask()
    const workers = seen.length
    const alone = await outcome(() => reranker.rerank({ query: 'kill', documents: ['a'] }))
    // Also where no request waits for them.
    await until(() => reranker.info.workers === 2)
    const { closed } = reranker
    reranker.dispose()
    return { together, after, workers, alone, closed }
  }, TEXT)
  const [first, killer, ...others] = together
  assert.deepEqual([first, ...others, after], Array(4).fill({ ok: 30 }))
  assert.deepEqual([killer.error?.code, alone.error?.code], ['internal', 'internal'])
  // The first two, and one for each of the two crashes.
  assert.equal(workers, 4)
  assert.equal(closed, false)
})

test('requests at the same time all get their own answers, though a worker crashes', async () => {
  const { alone, together } = await inPage(async (model) => {
    const { watchedWorkers, texts, lasting } = window.pool
    const requests = Array.from({ length: 12 }, (_, i) => ({ query: `query ${i % 5}`, documents: texts(i % 3 ? 25 : 2).map((text) => `${i} ${text}`) }))
    const { worker } = watchedWorkers(['', '', 'result 20'])
    const single = await secondpass.Reranker.load({ model, device: 'cpu', savings: window.pool.EXACT, workers: 1 })
    const alone = []
    for (const request of requests) alone.push(lasting(await single.rerank(request)))
    single.dispose()
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', savings: window.pool.EXACT, workers: 3, worker })
    const together = (await Promise.all(requests.map((request) => reranker.rerank(request)))).map(lasting)
    reranker.dispose()
    return { alone, together }
  }, TEXT)
  assert.deepEqual(together, alone)
})

test('with "auto" the first worker answers while the others load, and dispose ends them all', async () => {
  const page = await browser.page()
  const { before, scores, error, after } = await page.evaluate(async (model) => {
    const { watchedWorkers, texts } = await import('/pages/pool.js')
    Object.defineProperty(navigator, 'hardwareConcurrency', { value: 4 })
    const { worker: first } = watchedWorkers()
    let started = 0
    // The further workers never hear that they should load.
    const worker = () => (started++ ? Object.assign(new Worker('/dist/worker.js', { type: 'module' }), { postMessage: () => {} }) : first())
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', worker })
    const before = [reranker.info.workers, started]
    const { results } = await reranker.rerank({ query: 'q', documents: texts(30) })
    const running = outcome(() => reranker.rerank({ query: 'q', documents: texts(300) }))
    await new Promise((done) => setTimeout(done, 50))
    reranker.dispose()
    return { before, scores: results.length, error: (await running).error, after: await outcome(() => reranker.rerank({ query: 'q', documents: ['a'] })) }
  }, TEXT)
  assert.deepEqual(before, [1, 3])
  assert.equal(scores, 30)
  assert.deepEqual([error?.code, after.error?.code], ['disposed', 'disposed'])
  for (let i = 0; i < 50 && page.workers().length > 0; i++) await page.waitForTimeout(100)
  assert.equal(page.workers().length, 0)
  await page.close()
})

test('workers that join later take part in a request that is running', async () => {
  const { seen, workers } = await inPage(async (model) => {
    const { watchedWorkers, texts } = window.pool
    Object.defineProperty(navigator, 'hardwareConcurrency', { value: 3 })
    const { worker, seen } = watchedWorkers()
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 'auto', worker })
    await reranker.rerank({ query: 'q', documents: texts(900) })
    const { workers } = reranker.info
    reranker.dispose()
    return { seen: seen.map((requests) => requests.length), workers }
  }, TEXT)
  assert.equal(workers, 2)
  assert.ok(seen.length === 2 && seen.every((requests) => requests > 0), `${seen}`)
})

test('a further worker that cannot load the model leaves the others, and info says why', async () => {
  const { info, scores, started } = await inPage(async (model) => {
    const { watchedWorkers, texts } = window.pool
    const { worker, seen } = watchedWorkers(['', 'load', 'load'])
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 2, worker })
    const { results } = await reranker.rerank({ query: 'q', documents: texts(30) })
    const { info } = reranker
    reranker.dispose()
    return { info, scores: results.length, started: seen.length }
  }, TEXT)
  assert.deepEqual([info.workers, info.workers_limited.by, scores, started], [1, 'load', 30, 3])
})

test('the model is downloaded and the module compiled once for all workers; in memory there is one', async () => {
  for (const { cache, workers, limited } of [
    { cache: 'opfs', workers: 3, limited: undefined },
    { cache: 'cache-api', workers: 3, limited: undefined },
    { cache: 'memory', workers: 1, limited: 'storage' },
  ]) {
    const page = await browser.page()
    await page.evaluate(() => secondpass.cache.clear())
    const fetched = []
    page.on('request', (request) => fetched.push(request.url().split('/').at(-1)))
    const info = await page.evaluate(
      async ({ model, cache }) => {
        const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 3, cache, revalidate: true })
        const { info } = reranker
        reranker.dispose()
        return info
      },
      { model: '/models/tiny-untied', cache },
    )
    assert.deepEqual([info.storage, info.workers, info.workers_limited?.by], [cache, workers, limited])
    // One request tells the length, one brings the file.
    assert.ok(fetched.filter((file) => file === 'model.safetensors').length <= 2, `${fetched}`)
    assert.equal(fetched.filter((file) => file.endsWith('.wasm')).length, 0, 'the cache has compiled the module')
    await page.close()
  }
})

test('a picked file is read by all workers', async () => {
  const { results, one, workers, storage } = await inPage(async () => {
    const { texts } = window.pool
    const model = new File([await (await fetch('/fixtures/gguf/mixed.gguf')).blob()], 'mixed.gguf')
    const request = { query: 'q', documents: texts(30) }
    const answers = []
    let info
    for (const workers of [1, 2]) {
      const reranker = await secondpass.Reranker.load({ model, device: 'cpu', savings: window.pool.EXACT, workers })
      answers.push((await reranker.rerank(request)).results)
      info = reranker.info
      reranker.dispose()
    }
    return { one: answers[0], results: answers[1], workers: info.workers, storage: info.storage }
  })
  assert.deepEqual([workers, storage], [2, 'file'])
  assert.deepEqual(results, one)
})

test('"auto" counts cores and memory, and a GPU has one worker', async () => {
  const counts = await inPage(async (model) => {
    const counts = []
    const hints = (cores, gib) => {
      Object.defineProperty(navigator, 'hardwareConcurrency', { value: cores, configurable: true })
      Object.defineProperty(navigator, 'deviceMemory', { value: gib, configurable: true })
    }
    for (const [cores, gib, options] of [
      [1, 8, {}],
      [2, 8, {}],
      [4, 8, {}],
      [64, 8, {}],
      [64, undefined, {}],
      [64, 1, {}],
      [64, 0.25, {}],
      [64, 0.25, { workers: 2 }],
      [64, 8, { device: 'webgpu' }],
      [64, 8, { device: 'webgpu', workers: 2 }],
    ]) {
      hints(cores, gib)
      let started = 0
      const worker = () => (started++, new Worker('/dist/worker.js', { type: 'module' }))
      const reranker = await secondpass.Reranker.load({ model, device: 'cpu', worker, ...options })
      counts.push([started, reranker.info.workers_limited?.by])
      reranker.dispose()
    }
    return counts
  }, TEXT)
  assert.deepEqual(counts, [
    [1, undefined],
    [1, undefined],
    [3, undefined],
    [8, undefined],
    [8, undefined],
    [3, 'memory'],
    [1, 'memory'],
    [2, undefined],
    [1, undefined],
    [1, 'device'],
  ])
})

test('a number of workers that is none is refused before anything is loaded', async () => {
  const { errors, started } = await inPage(async (model) => {
    let started = 0
    const worker = () => (started++, new Worker('/dist/worker.js', { type: 'module' }))
    const errors = []
    for (const workers of [0, -1, Number.NaN, 2.5, 'x', '2', 1e9, null, {}]) {
      errors.push((await outcome(() => secondpass.Reranker.load({ model, workers, worker }))).error)
      errors.push((await outcome(() => secondpass.rerank({ model, workers, worker, query: 'q', documents: ['a'] }))).error)
    }
    return { errors, started }
  }, TEXT)
  for (const error of errors) {
    assert.deepEqual([error?.name, error?.code, error?.status], ['SecondpassError', 'invalid_request', 400])
    assert.match(error.message, /^invalid request: workers is .*; use "auto" or a whole number from 1 to 64$/)
  }
  assert.equal(started, 0)
})

test('the memory of large pictures is given back by each worker', async () => {
  const { asked, started, left, workers } = await inPage(async (model) => {
    const { watchedWorkers, until } = window.pool
    const { worker, seen } = watchedWorkers()
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 2, worker })
    const before = reranker.info.wasm_bytes
    const picture = async (shade) => {
      const canvas = new OffscreenCanvas(8192, 8192)
      const context = canvas.getContext('2d')
      context.fillStyle = `rgb(${shade} 0 0)`
      context.fillRect(0, 0, 8192, 8192)
      return { image: await canvas.convertToBlob({ type: 'image/png' }) }
    }
    await reranker.rerank({ query: 'q', documents: [await picture(0), await picture(200)] })
    const asked = seen.map((requests) => requests.length)
    await until(() => seen.length === 4 && reranker.info.workers === 2)
    const left = reranker.info.wasm_bytes - before
    const { workers } = reranker.info
    reranker.dispose()
    return { asked: asked.slice(0, 2), started: seen.length, left, workers }
  }, VISION)
  assert.deepEqual(asked, [1, 1])
  assert.equal(started, 4, 'each was replaced')
  assert.ok(left < 100e6, `${left} bytes are left`)
  assert.equal(workers, 2)
})
