// Several workers for the requests of one model: the same answers as from one, and nothing lost with a worker.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from './harness.mjs'

const TEXT = '/models/tiny-tied'
const VISION = '/fixtures/vl/vl-tied'
/** How far another order of sums in f32 moves a logit of these models; 1.7e-6 was seen, between two calls of one worker too. */
const ROUNDING = 5e-6

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Runs `work({ load, ...helpers }, argument)` in a fresh page. */
async function inPage(work, argument) {
  const page = await browser.page()
  try {
    await page.evaluate(async () => {
      window.pool = await import('/pages/pool.js')
    })
    return await page.evaluate(work, argument)
  } finally {
    await page.close()
  }
}

const ENCODERS = ['bert', 'ettin', 'gte', 'xlm-roberta'].map((name) => `/fixtures/encoder/${name}`)

/** What 1, 2 and 3 workers answer to two requests of many documents. */
const answersOf = (model, savings) =>
  inPage(
    async ({ model, savings, truncated }) => {
      const { watchedWorkers, texts, lasting } = window.pool
      const documents = [...texts(30), ...(truncated ? texts(2, 20).map((text) => `${text} `.repeat(60)) : texts(2)), '']
      const requests = [
        { query: 'where is the bridge', documents },
        { query: 'grain', documents, top_n: 7, return_documents: true, raw_scores: true, instruction: 'Find the sentence' },
      ]
      const all = []
      for (const workers of [1, 2, 3]) {
        const { worker, seen } = watchedWorkers()
        const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers, worker, savings: window.pool[savings] })
        const partial = []
        const answers = []
        for (const request of requests) answers.push(lasting(await reranker.rerank(request, { onResult: (result) => partial.push(result) })))
        partial.sort((a, b) => a.index - b.index || a.logit - b.logit)
        all.push({ answers, partial, shared: seen.map((requests) => requests.length > 0) })
        reranker.dispose()
      }
      return all
    },
    { model, savings, truncated: ENCODERS.includes(model) },
  )

for (const model of [TEXT, '/models/tiny-untied', ...ENCODERS]) {
  test(`${model}: 1, 2 and 3 workers give the same scores to the bit, in the same order`, async () => {
    const [one, ...more] = await answersOf(model, 'EXACT')
    assert.equal(one.answers[0].results.length, 33)
    assert.equal(one.answers[1].results.length, 7)
    assert.ok(one.answers[1].results.every(({ document }) => typeof document.text === 'string'))
    assert.equal(one.partial.length, 66)
    assert.equal(one.answers[0].warnings.length > 0, ENCODERS.includes(model))
    for (const [i, { answers, partial, shared }] of more.entries()) {
      assert.deepEqual(shared, Array(i + 2).fill(true))
      assert.deepEqual(answers, one.answers)
      assert.deepEqual(partial, one.partial)
    }
  })
}

for (const model of [TEXT, '/models/tiny-untied', '/fixtures/encoder/qwen2-mxbai', ...ENCODERS]) {
  test(`${model}: packed documents give the same scores but for rounding`, async () => {
    const [one, ...more] = await answersOf(model, 'PACKED')
    const logits = ({ partial }) => partial.map(({ logit }) => logit)
    for (const several of more) {
      const largest = Math.max(...logits(several).map((logit, i) => Math.abs(logit - logits(one)[i])))
      console.log(`${model}, ${several.shared.length} workers: largest difference of a logit ${largest.toExponential(2)}`)
      assert.ok(largest <= ROUNDING, `${largest}`)
      for (const [i, { results, ...rest }] of several.answers.entries()) {
        const { results: expected, ...restOfOne } = one.answers[i]
        assert.deepEqual(rest, restOfOne)
        assert.deepEqual(
          results.map(({ index }) => index),
          expected.map(({ index }) => index),
        )
      }
    }
  })
}

test('equal documents are computed by one worker, once', async () => {
  const { one, two, seen } = await inPage(async (model) => {
    const { watchedWorkers, texts, lasting } = window.pool
    const documents = [...texts(20), ...texts(20), ...texts(5)]
    const answers = []
    const { worker, seen } = watchedWorkers()
    for (const workers of [1, 2]) {
      const reranker = await secondpass.Reranker.load({ model, device: 'cpu', savings: window.pool.EXACT, workers, worker })
      answers.push(await reranker.rerank({ query: 'q', documents }))
      reranker.dispose()
    }
    const [one, two] = answers.map((response) => ({ ...lasting(response), computed: response.usage.prompt_tokens - response.meta.cached_tokens }))
    return { one, two, seen: seen.map((requests) => requests.flatMap(({ documents }) => documents)) }
  }, TEXT)
  const [, first, second] = seen
  assert.equal(first.length + second.length, 45)
  assert.ok(first.length > 0 && second.length > 0)
  assert.deepEqual(
    first.filter((document) => second.includes(document)),
    [],
  )
  // Only the start of the prompts is computed by both.
  assert.ok(two.computed > one.computed && two.computed < one.computed + 200, `${two.computed} tokens, ${one.computed} with one worker`)
  assert.deepEqual({ ...two, computed: 0 }, { ...one, computed: 0 })
})

test('a few documents are not shared out, and the same query goes to the worker that knows it', async () => {
  const { seen, cached } = await inPage(async (model) => {
    const { watchedWorkers, texts } = window.pool
    const { worker, seen } = watchedWorkers()
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 2, worker })
    const [one, other] = [
      { query: 'first', documents: texts(3) },
      { query: 'second', documents: texts(1, 2000) },
    ]
    await Promise.all([reranker.rerank(one), reranker.rerank(other)])
    const cached = []
    for (const request of [other, one, other]) cached.push((await reranker.rerank({ ...request, documents: ['another'] })).meta.cached_tokens)
    reranker.dispose()
    return { seen: seen.map((requests) => requests.map(({ query }) => query)), cached }
  }, TEXT)
  assert.deepEqual(seen, [
    ['first', 'first'],
    ['second', 'second', 'second'],
  ])
  assert.ok(
    cached.every((tokens) => tokens > 0),
    `${cached}`,
  )
})

test('pictures go only to the worker that needs them, and failures are reported as by one worker', async () => {
  const { responses, strict, allFailed, given, queries } = await inPage(async (model) => {
    const { watchedWorkers, texts, lasting } = window.pool
    const bytes = await (await fetch('/fixtures/vl/pictures/shapes.png')).arrayBuffer()
    const canvas = (shade) => {
      const canvas = new OffscreenCanvas(96, 64)
      const context = canvas.getContext('2d')
      context.fillStyle = `rgb(${shade} 80 120 / 60%)`
      context.fillRect(8, 8, 60, 40)
      return canvas
    }
    const broken = () => new Blob(['no picture'])
    const documents = [
      ...texts(6).map((text, i) => ({ text, image: i % 2 ? canvas(40 * i) : bytes })),
      { image: broken() },
      { text: 'a', image: '/fixtures/vl/pictures/none.png' },
      { image: new Blob([bytes]), text: 'the last but one' },
      { video: { frames: [canvas(1), canvas(2)], fps: 1 } },
      { image: broken() },
      ...texts(20),
    ]
    const requests = [
      { query: 'a disc', documents },
      { query: { text: 'like this', image: canvas(200) }, documents },
    ]
    const failing = { query: 'q', documents: Array.from({ length: 6 }, () => ({ image: broken() })) }
    const [responses, strict, allFailed] = [[], [], []]
    let watched
    for (const workers of [1, 3]) {
      watched = watchedWorkers()
      const reranker = await secondpass.Reranker.load({ model, device: 'cpu', savings: window.pool.EXACT, workers, worker: watched.worker })
      responses.push([])
      for (const request of requests) responses.at(-1).push(lasting(await reranker.rerank(request)))
      strict.push(await outcome(() => reranker.rerank({ query: 'q', documents: documents.toSpliced(6, 1).toSpliced(9, 1) }, { strict: true })))
      allFailed.push(await outcome(() => reranker.rerank(failing)))
      reranker.dispose()
    }
    const requestsOf = (query) => watched.seen.map((requests) => requests.filter((request) => (request.query.text ?? request.query) === query))
    const named = ({ query, documents, given }) => {
      const text = JSON.stringify([query, documents])
      return given.every((is, number) => is === text.includes(`{"$attachment":${number}}`))
    }
    return {
      responses,
      strict,
      allFailed,
      queries: requestsOf('like this').map((requests) => requests.length),
      given: watched.seen.flat().map(named),
    }
  }, VISION)
  assert.deepEqual(
    responses[0][0].failed.map(({ index, code }) => [index, code]),
    [
      [6, 'unsupported_image'],
      [7, 'image_unavailable'],
      [10, 'unsupported_image'],
    ],
  )
  assert.match(responses[1][0].failed[2].message, /^documents\[10\]/)
  assert.deepEqual(responses[1], responses[0])
  assert.equal(strict[0].error.code, 'image_unavailable')
  assert.deepEqual(strict[1], strict[0])
  assert.match(strict[1].error.message, /^documents\[6\]/)
  assert.equal(allFailed[0].error.code, 'unsupported_image')
  assert.deepEqual(allFailed[1], allFailed[0])
  assert.ok(
    queries.every((count) => count === 1),
    `pictures of the query are decoded once by each worker: ${queries}`,
  )
  assert.ok(given.length > 9 && given.every(Boolean), JSON.stringify(given))
})

test('what makes a request invalid is refused as by one worker', async () => {
  const outcomes = await inPage(async (model) => {
    const { texts } = window.pool
    const documents = texts(40)
    const requests = [
      { query: 'q', documents, top_n: -1 },
      { query: 'q', documents: [...documents, { text: 'a', image: '/a.png' }] },
      { query: 'q', documents: Array.from({ length: 1001 }, (_, i) => `document ${i}`) },
      { query: 'q', documents: [...documents, { video: { frames: ['/a.png'], fps: -1 } }] },
      { query: { image: '/a.png' }, documents },
    ]
    const outcomes = []
    for (const workers of [1, 2]) {
      const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers })
      outcomes.push([])
      for (const request of requests) outcomes.at(-1).push(await outcome(() => reranker.rerank(request)))
      reranker.dispose()
    }
    return outcomes
  }, TEXT)
  for (const { error } of outcomes[0]) assert.equal(error?.code, 'invalid_request')
  assert.deepEqual(outcomes[1], outcomes[0])
})

test('an abort in the middle ends all portions, and the next request runs', async () => {
  const { error, seen, after, both } = await inPage(async (model) => {
    const { watchedWorkers, texts } = window.pool
    const { worker, seen: asked } = watchedWorkers()
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 2, worker })
    const controller = new AbortController()
    let seen = 0
    const onResult = () => {
      if (++seen === 3) controller.abort(new Error('enough'))
    }
    const { error } = await outcome(() => reranker.rerank({ query: 'q', documents: texts(400) }, { signal: controller.signal, onResult }))
    const both = asked.every((requests) => requests.length > 0)
    const before = asked.flat().length
    const { results } = await reranker.rerank({ query: 'q', documents: ['a'] })
    reranker.dispose()
    return { error, seen, both, after: [results.length, asked.flat().length - before] }
  }, TEXT)
  assert.equal(error.message, 'enough')
  assert.ok(seen >= 3 && seen < 200, `${seen} of 400`)
  assert.ok(both)
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
  const { together, after, workers, closed } = await inPage(async (model) => {
    const { watchedWorkers, texts, until } = window.pool
    const { worker, seen } = watchedWorkers()
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', workers: 2, worker })
    const ask = (more = []) => outcome(async () => (await reranker.rerank({ query: 'q', documents: [...texts(30), ...more] })).results.length)
    const together = await Promise.all([ask(), ask(['kill']), ask(), ask()])
    await until(() => reranker.info.workers === 2)
    const after = await ask()
    const { closed } = reranker
    reranker.dispose()
    return { together, after, workers: seen.length, closed }
  }, TEXT)
  const [first, killer, ...others] = together
  assert.deepEqual([first, ...others, after], Array(4).fill({ ok: 30 }))
  assert.equal(killer.error?.code, 'internal')
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
    const { worker: dies } = watchedWorkers()
    let started = 0
    // The script of the further workers never arrives.
    const worker = () => (started++ ? new Worker('/fault/stall/tiny-tied/model.safetensors', { type: 'module' }) : dies())
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
