// `secondpass/testing`: the fakes behave as the real ones do, beside the real adapters, and do what a test asks of them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { rerankHits, SecondpassError } from 'secondpass'
import { createEmbeddingsHandler, createRerankHandler } from 'secondpass/http'
import { SearchIndex } from 'secondpass/search'
import { FakeEmbedder, FakeReranker, wordOverlap } from 'secondpass/testing'
import { ROOT } from '../../scripts/lib.mjs'

const REQUEST = { query: 'red planet', documents: ['Saturn has rings.', 'Mars is a red planet.', 'A planet.', 'Red!'] }
const order = ({ results }) => results.map(({ index }) => index)

test('scores are the share of the query’s words, the same in every run; ties keep their order', async () => {
  const reranker = new FakeReranker()
  const response = await reranker.rerank(REQUEST)
  assert.deepEqual(order(response), [1, 2, 3, 0])
  assert.deepEqual(await new FakeReranker().rerank(REQUEST), response)
  assert.ok(response.results.every(({ relevance_score, logit }) => Math.abs(relevance_score - 1 / (1 + Math.exp(-logit))) < 1e-9))
  assert.equal(response.results[0].relevance_score, wordOverlap(REQUEST.query, REQUEST.documents[1]))
  assert.deepEqual([response.meta.device, reranker.info.device], ['cpu', 'cpu'])
  const top = await reranker.rerank({ ...REQUEST, top_n: 1, return_documents: true, raw_scores: true })
  assert.deepEqual(top.results, [
    { index: 1, relevance_score: response.results[0].logit, logit: response.results[0].logit, document: { text: REQUEST.documents[1] } },
  ])
})

test('a function gives the scores; one that gives none is told so', async () => {
  const asked = []
  const reranker = new FakeReranker({ score: (query, text, index) => (asked.push([query, text]), index / 10) })
  assert.deepEqual(order(await reranker.rerank(REQUEST)), [3, 2, 1, 0])
  assert.deepEqual(asked[1], ['red planet', 'Mars is a red planet.'])
  await assert.rejects(new FakeReranker({ score: () => 2 }).rerank(REQUEST), /score\(\) gave 2/)
})

test('requests are recorded, checked in the words of the real one, and refused with its errors', async () => {
  const reranker = new FakeReranker()
  const documents = ['a']
  const running = reranker.rerank({ query: 'q', documents })
  documents.push('b')
  await running
  assert.deepEqual(reranker.requests, [{ request: { query: 'q', documents: ['a'] }, control: {} }])
  for (const [request, control, says] of [
    [{ query: 'q' }, {}, /documents must be provided/],
    [{ query: 'q', documents: 'a' }, {}, /documents must be a list/],
    [{ query: 'q', documents: ['a'], topN: 1 }, {}, /did you mean top_n/],
    [{ query: 'q', documents: ['a'] }, { onresult: () => {} }, /did you mean onResult/],
  ]) {
    await assert.rejects(
      reranker.rerank(request, control),
      (error) => error instanceof SecondpassError && error.code === 'invalid_request' && says.test(error.message),
    )
  }
  assert.equal(reranker.requests.length, 1)
})

test('failures on demand: the next request, by a function, of a document', async () => {
  const reranker = new FakeReranker({
    fail: (request, call) => (call === 1 ? 'device_lost' : request.query === 'bad' ? new RangeError('bad') : undefined),
    failDocument: (document) => (document === 'A planet.' ? { code: 'corrupt_image', message: 'It is broken.' } : undefined),
  })
  const { results, meta } = await reranker.rerank(REQUEST)
  assert.deepEqual([results.length, meta.failed], [3, [{ index: 2, code: 'corrupt_image', message: 'It is broken.' }]])
  await assert.rejects(reranker.rerank(REQUEST), (error) => error instanceof SecondpassError && error.code === 'device_lost')
  await assert.rejects(reranker.rerank({ ...REQUEST, query: 'bad' }), RangeError)
  await assert.rejects(reranker.rerank(REQUEST, { strict: true }), { code: 'corrupt_image' })
  reranker.failNext('rate_limited')
  await assert.rejects(reranker.rerank(REQUEST), { code: 'rate_limited' })
  assert.equal((await reranker.rerank(REQUEST)).results.length, 3)
})

test('aborts, waits and dispose end a request; held ones go on when they are let go', async () => {
  const reason = new Error('enough')
  const reranker = new FakeReranker({ delayMs: 60_000 })
  const controller = new AbortController()
  const running = reranker.rerank(REQUEST, { signal: controller.signal })
  controller.abort(reason)
  await assert.rejects(running, (error) => error === reason)
  await assert.rejects(reranker.rerank(REQUEST, { signal: AbortSignal.abort(reason) }), (error) => error === reason)
  const last = reranker.rerank(REQUEST)
  reranker.dispose()
  await assert.rejects(last, { code: 'disposed' })
  await assert.rejects(reranker.rerank(REQUEST), { code: 'disposed' })
  assert.ok(reranker.closed)

  const quick = new FakeReranker()
  const held = quick.hold()
  const ended = []
  const first = quick.rerank(REQUEST).then(() => ended.push('first'))
  await new Promise((done) => setTimeout(done, 30))
  assert.deepEqual(ended, [])
  held.release()
  await held.released
  await quick.rerank(REQUEST)
  await first
  assert.deepEqual(ended, ['first'])

  const stops = new AbortController()
  const told = []
  const stopped = new FakeReranker().rerank(REQUEST, { signal: stops.signal, onResult: ({ index }) => (told.push(index), stops.abort()) })
  await assert.rejects(stopped, { name: 'AbortError' })
  assert.deepEqual(told, [0])
})

/** Runs a module in a process of its own; what it prints, as JSON. */
function inProcess(script) {
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT, encoding: 'utf8', timeout: 20_000 })
  assert.equal(signal, null, 'the process did not end')
  assert.ok(stdout, stderr)
  return JSON.parse(stdout)
}

test('an abort or dispose leaves no timer behind, which would keep the process of the tests', () => {
  const ends = inProcess(`
    import { FakeEmbedder, FakeReranker } from 'secondpass/testing'
    const stop = new AbortController()
    const { signal } = stop
    const reranker = new FakeReranker({ delayMs: 60_000 })
    const running = [
      reranker.rerank({ query: 'q', documents: ['a'] }),
      new FakeEmbedder({ delayMs: 60_000 }).embed({ input: 'a' }, { signal }),
      FakeReranker.with({ loadMs: 600_000 }).load({ model: '/m' }, { signal }),
    ]
    stop.abort(new Error('enough'))
    reranker.dispose()
    const ends = await Promise.allSettled(running)
    console.log(JSON.stringify(ends.map(({ reason }) => reason.code ?? reason.message)))
  `)
  assert.deepEqual(ends, ['disposed', 'enough', 'enough'])
})

test('an onProgress that throws is reported and ends no load, as with the real one', () => {
  const { thrown, model } = inProcess(`
    import { FakeReranker } from 'secondpass/testing'
    const thrown = new Set()
    process.on('uncaughtException', ({ message }) => thrown.add(message))
    const onProgress = () => {
      throw new Error('mistaken')
    }
    const { info } = await FakeReranker.load({ model: '/m' }, { onProgress })
    console.log(JSON.stringify({ thrown: [...thrown], model: info.model }))
  `)
  assert.deepEqual([thrown, model], [['mistaken'], '/m'])
})

test('score() gives pairs their scores, refuses in the words of the real one, and reports them', async () => {
  const reranker = new FakeReranker()
  const told = []
  const { data } = await reranker.score(
    { text_1: ['red planet', 'rings'], text_2: ['Mars is a red planet.', 'Saturn has rings.'] },
    { onResult: ({ index, score }) => (told[index] = score) },
  )
  const wanted = [wordOverlap('red planet', 'Mars is a red planet.'), wordOverlap('rings', 'Saturn has rings.')]
  assert.deepEqual([data.map(({ score }) => score), told], [wanted, wanted])
  const refused = (says) => (error) => error instanceof SecondpassError && error.code === 'invalid_request' && says.test(error.message)
  await assert.rejects(reranker.score({ text_2: 'a' }), refused(/text_1 must be provided/))
  await assert.rejects(reranker.score({ text_1: 'q', text_2: 'a' }, { onresult: () => {} }), refused(/did you mean onResult/))
})

test('load checks its options, reports progress that never goes back, and can be slow, aborted or failing', async () => {
  const fractions = []
  const stages = new Set()
  const Fake = FakeReranker.with({ score: () => 0.5, loadMs: 20 })
  const reranker = await Fake.load({ model: '/m' }, { onProgress: ({ overall, stage }) => (fractions.push(overall.fraction), stages.add(stage)) })
  assert.deepEqual([...stages], ['module', 'download', 'upload', 'compile'])
  assert.deepEqual(fractions, fractions.toSorted?.((a, b) => a - b) ?? [...fractions].sort((a, b) => a - b))
  assert.equal(fractions.at(-1), 1)
  assert.deepEqual([reranker.info.model, Fake.made.length, Fake.made[0] === reranker, reranker instanceof FakeReranker], ['/m', 1, true, true])
  assert.equal((await reranker.rerank(REQUEST)).results[0].relevance_score, 0.5)
  await assert.rejects(Fake.load({ modle: '/m' }), (error) => error instanceof SecondpassError && /the model is missing/.test(error.message))
  await assert.rejects(Fake.load({ model: '/m' }, { signal: AbortSignal.timeout(5) }), { name: 'TimeoutError' })
  await assert.rejects(FakeReranker.with({ failLoad: 'not_found' }).load({ model: '/m' }), { code: 'not_found' })
})

test('vectors are alike where texts share words, have unit length, and are the same in every run', async () => {
  const embedder = new FakeEmbedder()
  const told = []
  const { data } = await embedder.embed({ input: ['red planet', 'a red planet', 'ice cream', ''] }, { onResult: ({ index }) => told.push(index) })
  const [query, near, far] = data.map(({ embedding }) => embedding)
  const cosine = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)
  assert.ok(cosine(query, near) > 0.7 && cosine(query, far) < 0.3)
  assert.ok(data.every(({ embedding }) => embedding.length === 64 && Math.abs(cosine(embedding, embedding) - 1) < 1e-5))
  assert.deepEqual((await new FakeEmbedder().embed({ input: 'red planet' })).data[0].embedding, query)
  assert.deepEqual(told, [0, 1, 2, 3])
  const cut = await embedder.embed({ input: 'red planet', dimensions: 8, encoding_format: 'base64' })
  assert.equal(Buffer.from(cut.data[0].embedding, 'base64').length, 32)
  await assert.rejects(embedder.embed({ input: 'a', dimensions: 65 }), /at most 64/)
  await assert.rejects(embedder.embed({ input: 'a', encoding_format: 'int8' }), /float and base64/)
  await assert.rejects(embedder.embed({}), (error) => error instanceof SecondpassError && /input must be provided/.test(error.message))
  const own = new FakeEmbedder({ vector: (text) => [text.length, 0], dimensions: 2 })
  assert.deepEqual((await own.embed({ input: 'abc' })).data[0].embedding, [1, 0])
  const Fake = FakeEmbedder.with({ failLoad: 'network' })
  await assert.rejects(Fake.load({ model: '/m' }), { code: 'network' })
})

test('the package’s own parts take them for the real ones: hits, the index, the routes', async () => {
  const reranker = new FakeReranker()
  const ranked = await rerankHits(
    reranker,
    REQUEST.documents.map((text, id) => ({ id, text })),
    { query: REQUEST.query, text: 'text' },
  )
  assert.deepEqual(
    ranked.map(({ hit }) => hit.id),
    [1, 2, 3, 0],
  )

  const index = await SearchIndex.open('test', { fields: ['text'], storage: 'memory', embedder: new FakeEmbedder(), reranker })
  await index.add(REQUEST.documents.map((text, id) => ({ id, text })))
  const { results, stages } = await index.search('red planet')
  assert.equal(results[0].id, 1)
  assert.ok(JSON.stringify(stages).includes('vectors'), JSON.stringify(stages))
  index.dispose()

  const post = (body) => new Request('http://localhost/', { method: 'POST', body: JSON.stringify(body) })
  const scores = await (await createRerankHandler(reranker)(post(REQUEST))).json()
  assert.deepEqual(order(scores), [1, 2, 3, 0])
  const vectors = await (await createEmbeddingsHandler(new FakeEmbedder())(post({ input: ['a', 'b'] }))).json()
  assert.equal(vectors.data.length, 2)
})
