// Scores of pairs: `Reranker.score` with the real engine and against a server, and the `/score` route as vLLM's clients use it.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Reranker, SecondpassError } from 'secondpass'
import { createRerankHandler, createScoreHandler } from 'secondpass/http'
import { FakeReranker } from 'secondpass/testing'
import { ROOT } from '../../scripts/lib.mjs'
import { cases } from '../browser/harness.mjs'
import { serve } from './harness.mjs'

const GOLDEN = cases('tiny-tied').find(({ name }) => name === 'several')
const { query, documents } = GOLDEN.request
const near = (actual, wanted) => wanted.forEach((score, i) => assert.ok(Math.abs(actual[i] - score) < 1e-5, `${actual[i]} is not ${score}`))

let reranker
before(async () => {
  reranker = await Reranker.load({ model: join(ROOT, 'tests', 'fixtures', 'text', 'tiny-tied'), device: 'cpu' })
})
after(() => reranker?.dispose())

test('one query with many documents: the golden scores, in the order of the documents', async () => {
  const told = []
  const answer = await reranker.score({ text_1: query, text_2: documents }, { onResult: ({ index, score }) => (told[index] = score) })
  near(
    answer.data.map(({ score }) => score),
    GOLDEN.scores,
  )
  assert.deepEqual(
    answer.data.map(({ index, object }) => [index, object]),
    documents.map((_, i) => [i, 'score']),
  )
  assert.deepEqual(
    told,
    answer.data.map(({ score }) => score),
  )
  assert.deepEqual([answer.object, answer.meta.device], ['list', 'cpu'])
  assert.match(answer.id, /^score-/)
  assert.ok(answer.usage.prompt_tokens > 0 && answer.meta.timings.total_ms > 0)
  const single = await reranker.score({ text_1: query, text_2: documents[1] })
  near([single.data[0].score], [GOLDEN.scores[1]])
})

test('as many queries as documents: each pair has the score that it has alone, and what fails has no score', async () => {
  const queries = documents.map((_, i) => (i % 2 ? query : `another ${query}`))
  const { data } = await reranker.score({ text_1: queries, text_2: documents, instruction: 'find' })
  const alone = []
  for (const [i, document] of documents.entries()) {
    const { results } = await reranker.rerank({ query: queries[i], documents: [document], instruction: 'find' })
    alone.push(results[0].relevance_score)
  }
  near(
    data.map(({ score }) => score),
    alone,
  )
  const raw = await reranker.score({ text_1: queries, text_2: documents, instruction: 'find', raw_scores: true })
  assert.deepEqual(
    raw.data.map(({ index }) => index),
    documents.map((_, i) => i),
  )
})

test('pairs that are none are refused before any is scored', async () => {
  const fake = new FakeReranker()
  for (const [request, says] of [
    [undefined, /must be an object: score/],
    [{ text_2: ['a'] }, /text_1 must be provided/],
    [{ text_1: 'q', text_2: [] }, /text_2 must not be an empty list/],
    [{ text_1: ['q', 'r'], text_2: ['a'] }, /text_1 has 2 and text_2 1 entries/],
    [{ text_1: 'q', text_2: ['a', 7] }, /text_2\[1\] must be a string/],
    [{ text_1: { image: 7 }, text_2: 'a' }, /text_1/],
    [{ text_1: 'q', text_2: 'a', instrucion: 'x' }, /did you mean instruction/],
  ]) {
    for (const scorer of [reranker, fake]) {
      await assert.rejects(scorer.score(request), (error) => error instanceof SecondpassError && error.status === 400 && says.test(error.message), String(says))
    }
  }
  assert.equal(fake.requests.length, 0)
  await assert.rejects(reranker.score({ text_1: 'q', text_2: 'a' }, { onresult: () => {} }), /did you mean onResult/)
})

test('pairs with one query share a request; few run at a time; the first failure and an abort stop the rest', async () => {
  let running = 0
  let most = 0
  class Counted extends FakeReranker {
    rerank(request, control) {
      most = Math.max(most, ++running)
      return super.rerank(request, control).finally(() => running--)
    }
  }
  const fake = new Counted({ delayMs: 5 })
  const score = (request, control) => fake.score(request, control)
  const text_1 = Array.from({ length: 40 }, (_, i) => `query ${i % 20}`)
  const text_2 = text_1.map((_, i) => `query ${i}`)
  const { data } = await score({ text_1, text_2 })
  assert.equal(fake.requests.length, 20)
  assert.ok(most > 1 && most <= 4, `${most} at a time`)
  assert.ok(data.every(({ score }, i) => (i < 20 ? score > 0.8 : score < 0.6)))

  fake.requests.length = 0
  fake.failNext('device_lost')
  await assert.rejects(score({ text_1, text_2 }), { code: 'device_lost' })
  await new Promise((done) => setTimeout(done, 50))
  assert.ok(fake.requests.length <= 8, `${fake.requests.length} were begun after a failure`)
  const controller = new AbortController()
  const aborted = score({ text_1, text_2 }, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await assert.rejects(aborted, /enough/)
  await assert.rejects(score({ text_1, text_2 }, { signal: AbortSignal.abort() }), { name: 'AbortError' })

  fake.requests.length = 0
  const many = await score({ text_1: 'q', text_2: Array.from({ length: 2500 }, (_, i) => `document ${i}`) })
  assert.deepEqual([many.data.length, many.data[2499].index], [2500, 2499])
  assert.deepEqual(
    fake.requests.map(({ request }) => request.documents.length),
    [1000, 1000, 500],
  )
})

test('against a server, over its rerank route', async () => {
  const server = await serve(createRerankHandler(reranker))
  try {
    const { data } = await Reranker.remote({ url: `${server.url}/v1/rerank` }).score({ text_1: [query, query], text_2: documents.slice(0, 2) })
    near(
      data.map(({ score }) => score),
      GOLDEN.scores.slice(0, 2),
    )
  } finally {
    await server.close()
  }
})

test('the /score route: vLLM’s bodies and answers, over HTTP', async () => {
  const server = await serve(createScoreHandler(reranker, { maxDocuments: 5 }))
  const ask = async (body) => {
    const response = await fetch(`${server.url}/score`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    return { status: response.status, body: await response.json() }
  }
  try {
    const { status, body } = await ask({ model: 'any', text_1: query, text_2: documents, encoding_format: 'float', truncate_prompt_tokens: -1 })
    assert.equal(status, 200)
    near(
      body.data.map(({ score }) => score),
      GOLDEN.scores,
    )
    assert.deepEqual(Object.keys(body.data[0]), ['index', 'object', 'score'])
    assert.ok(body.object === 'list' && Math.abs(body.created - Date.now() / 1000) < 60 && body.usage.total_tokens > 0 && typeof body.model === 'string')
    for (const names of [
      ['queries', 'documents'],
      ['queries', 'items'],
      ['data_1', 'data_2'],
    ]) {
      const other = await ask({ [names[0]]: [query, query], [names[1]]: documents.slice(0, 2) })
      near(
        other.body.data.map(({ score }) => score),
        GOLDEN.scores.slice(0, 2),
      )
    }
    const logits = await ask({ text_1: query, text_2: { content: [{ type: 'text', text: documents[0] }] }, use_activation: false })
    near([1 / (1 + Math.exp(-logits.body.data[0].score))], [GOLDEN.scores[0]])
    const warned = await ask({ text_1: query, text_2: 'a', truncation_side: 'left' })
    assert.deepEqual(warned.body.meta.warnings, ['truncation_side is not supported and was ignored'])
    for (const [wrong, says] of [
      [{ text_2: 'a' }, /text_1 must be provided/],
      [{ text_1: ['a', 'b'], text_2: ['a', 'b', 'c'] }, /text_1 has 2 and text_2 3/],
      [{ text_1: 'a', text_2: Array(6).fill('b') }, /6 pairs were given; at most 5/],
      [[], /must be an object/],
    ]) {
      const refused = await ask(wrong)
      assert.equal(refused.status, 400)
      assert.match(refused.body.message, says)
      assert.equal(refused.body.error.code, 400)
    }
  } finally {
    await server.close()
  }
})

test('a pair without a score fails the whole answer of the route, and is in meta.failed of the call', async () => {
  const fake = new FakeReranker({ failDocument: (document) => (document === 'b' ? { code: 'corrupt_image', message: 'It is broken.' } : undefined) })
  const { data, meta } = await fake.score({ text_1: ['q', 'r'], text_2: ['a', 'b'] })
  assert.deepEqual([data.map(({ index }) => index), meta.failed], [[0], [{ index: 1, code: 'corrupt_image', message: 'It is broken.' }]])
  const response = await createScoreHandler(fake)(
    new Request('http://localhost/score', { method: 'POST', body: JSON.stringify({ text_1: 'q', text_2: ['a', 'b'] }) }),
  )
  assert.equal(response.status, 400)
  assert.match((await response.json()).message, /pair 1 has no score: It is broken/)
})
