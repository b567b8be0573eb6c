// The adapters for TanStack AI with its real package, and scores and vectors of the real engine.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases, open } from '../browser/harness.mjs'
import { withBundle } from './harness.mjs'

const GOLDEN = cases('tiny-tied').find(({ name }) => name === 'several')
const ORDER = GOLDEN.scores.map((score, index) => ({ index, score })).sort((a, b) => b.score - a.score)

let browser
let page
before(async () => {
  browser = await open()
  page = await withBundle(await browser.page(), 'peers.js')
  await page.evaluate(async () => {
    window.reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
  })
})
after(() => browser?.close())

test('rerank(): the golden order, the caller’s own documents, usage', async () => {
  const { ranking, documents, model, id, usage } = await page.evaluate(async ({ query, documents }) => {
    const adapter = secondpassRerank(reranker, { model: 'tiny' })
    const result = await tanstack.rerank({ adapter, query, documents, topN: 3 })
    return { ...result, documents: result.rerankedDocuments }
  }, GOLDEN.request)
  assert.deepEqual(
    ranking.map(({ index }) => index),
    ORDER.slice(0, 3).map(({ index }) => index),
  )
  ranking.forEach(({ score }, i) => assert.ok(Math.abs(score - ORDER[i].score) < 1e-5))
  assert.deepEqual(
    documents,
    ORDER.slice(0, 3).map(({ index }) => GOLDEN.request.documents[index]),
  )
  assert.deepEqual([model, usage.completionTokens], ['tiny', 0])
  assert.match(id, /^rerank-/)
  assert.ok(usage.promptTokens > 0 && usage.totalTokens >= usage.promptTokens)
})

test('rerank(): objects, by the fields that are named; the options of a load; instructions', async () => {
  const { named, direct, whole, asked } = await page.evaluate(async ({ query, documents }) => {
    const objects = documents.map((body, id) => ({ id, body }))
    const adapter = secondpassRerank({ model: '/models/tiny-tied', device: 'cpu' })
    const modelOptions = { text: 'body', instruction: 'find', maxTokensPerDoc: 4 }
    const { ranking } = await tanstack.rerank({ adapter, query, documents: objects, modelOptions })
    const direct = await reranker.rerank({ query, documents, instruction: 'find', max_tokens_per_doc: 4 })
    const asked = []
    const counted = { rerank: (request, control) => (asked.push(request.documents), reranker.rerank(request, control)) }
    const { rerankedDocuments } = await tanstack.rerank({ adapter: secondpassRerank(counted), query, documents: objects })
    return {
      named: ranking.map(({ document, score }) => [document.id, score]),
      direct: direct.results.map(({ index, relevance_score }) => [index, relevance_score]),
      whole: rerankedDocuments.every((document) => objects.includes(document)),
      asked: asked[0][0],
    }
  }, GOLDEN.request)
  assert.deepEqual(named, direct)
  assert.ok(whole)
  assert.equal(asked, JSON.stringify({ id: 0, body: GOLDEN.request.documents[0] }))
})

test('rerank(): an abort is one to middleware as well, and errors keep their class', async () => {
  const { aborted, told, failed, logged } = await page.evaluate(async () => {
    const told = []
    const middleware = [{ name: 'told', onAbort: () => told.push('abort'), onError: () => told.push('error'), onFinish: () => told.push('finish') }]
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    const documents = Array(300).fill('some text to read')
    const aborted = await outcome(() =>
      tanstack.rerank({ adapter: secondpassRerank(reranker), query: 'q', documents, abortSignal: controller.signal, middleware, debug: false }),
    )
    const logged = []
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (message) => logged.push(message) }
    const broken = { rerank: async () => reranker.rerank({ query: 'q', documents: [{ image: 'data:image/png;base64,AAAA' }] }) }
    const failed = await outcome(() => tanstack.rerank({ adapter: secondpassRerank(broken), query: 'q', documents: ['a'], middleware, debug: { logger } }))
    return { aborted: aborted.error.name, told, failed: failed.error, logged }
  })
  assert.equal(aborted, 'AbortError')
  assert.deepEqual(told, ['abort', 'error'])
  assert.deepEqual([failed.name, failed.code], ['SecondpassError', 'invalid_request'])
  assert.ok(
    logged.some((message) => /secondpass\.rerank failed/.test(message)),
    JSON.stringify(logged),
  )
})

test('embed(): warnings of the model are logged', async () => {
  const warned = await page.evaluate(async () => {
    const warned = []
    const logger = { debug: () => {}, info: () => {}, warn: (message) => warned.push(message), error: () => {} }
    const embedder = await secondpass.Embedder.load({ model: '/fixtures/embedding/bert-cls', device: 'cpu' })
    await tanstack.embed({ adapter: secondpassEmbedding(embedder), input: ['word '.repeat(2000)], debug: { logger } })
    embedder.dispose()
    return warned
  })
  assert.ok(
    warned.some((message) => /truncated|not read/.test(message)),
    JSON.stringify(warned),
  )
})

test('embed(): the vectors of the engine, of texts and of pictures', async () => {
  const { texts, direct, model, usage, parts } = await page.evaluate(async () => {
    const options = { model: '/fixtures/embedding/bert-cls', device: 'cpu' }
    const embedder = await secondpass.Embedder.load(options)
    const adapter = secondpassEmbedding(embedder, { model: 'tiny' })
    const input = ['a planet', { type: 'text', content: 'a page' }]
    const { embeddings, model, usage } = await tanstack.embed({ adapter, input, modelOptions: { inputType: 'query' } })
    const { data } = await embedder.embed({ input: ['a planet', 'a page'], input_type: 'query' })
    embedder.dispose()
    const asked = []
    const seeing = {
      info: { identity: 'x' },
      embed: async ({ input }) => (asked.push(...input), { data: input.map((_, index) => ({ index, embedding: [1] })) }),
    }
    const image = { type: 'image', source: { type: 'data', value: 'AAAA', mimeType: 'image/png' } }
    const far = { type: 'image', source: { type: 'url', value: 'https://example.org/a.png' } }
    await tanstack.embed({ adapter: secondpassEmbedding(seeing), input: [image, [{ type: 'text', content: 'a' }, far]] })
    return { texts: embeddings, direct: data.map(({ embedding }) => embedding), model, usage, parts: asked }
  })
  assert.deepEqual(
    texts.map(({ vector }) => vector),
    direct,
  )
  assert.ok(model === 'tiny' && usage.promptTokens > 0)
  assert.deepEqual(parts, [
    { content: [{ type: 'image', image: 'data:image/png;base64,AAAA' }] },
    {
      content: [
        { type: 'text', text: 'a' },
        { type: 'image', image: 'https://example.org/a.png' },
      ],
    },
  ])
})
