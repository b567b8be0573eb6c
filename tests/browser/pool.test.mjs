// Several workers for the requests of one model give the answers that one gives.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openForPool, TEXT, VISION } from './pool.mjs'

let browser
before(async () => {
  browser = await openForPool()
})
after(() => browser?.close())

const inPage = (...args) => browser.inPage(...args)

/** How far another order of sums in f32 moves a logit of these models; 2.5e-6 was seen, and as much between two calls of one worker. */
const ROUNDING = 1e-5

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
        // Documents that are equal once they are truncated may change places, since only one worker finds that out.
        assert.equal(results.length, expected.length)
        for (const [rank, { logit }] of results.entries()) assert.ok(Math.abs(logit - expected[rank].logit) <= ROUNDING, `rank ${rank}: ${logit}`)
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
  const { responses, strict, allFailed, given, queries, same } = await inPage(async (model) => {
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
    let same
    for (const workers of [1, 3]) {
      watched = watchedWorkers()
      const reranker = await secondpass.Reranker.load({ model, device: 'cpu', savings: window.pool.EXACT, workers, worker: watched.worker })
      responses.push([])
      for (const request of requests) responses.at(-1).push(lasting(await reranker.rerank(request)))
      strict.push(await outcome(() => reranker.rerank({ query: 'q', documents: documents.toSpliced(6, 1).toSpliced(9, 1) }, { strict: true })))
      const { results } = await reranker.rerank({ query: 'q', documents, return_documents: true })
      same = results.every(({ index, document }) => (typeof documents[index] === 'string' ? document.text === documents[index] : document === documents[index]))
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
      same,
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
  assert.ok(same, 'documents come back as the objects that were given')
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
