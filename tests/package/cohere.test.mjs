// An unmodified Cohere client against the handler: over HTTP, and through a service worker without a server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CohereClient, CohereClientV2, CohereError } from 'cohere-ai'
import { createRerankHandler } from '../../pkg/dist/http/index.js'
import { Reranker } from '../../pkg/dist/index.js'
import { cases, open } from '../browser/harness.mjs'
import { beside, bridged, bundle, serve, withBundle } from './harness.mjs'

const GOLDEN = cases('tiny-tied').find(({ name }) => name === 'several')
const { query, documents } = GOLDEN.request
const expected = GOLDEN.scores.map((score, index) => ({ index, score })).sort((a, b) => b.score - a.score)

function golden(results) {
  assert.deepEqual(
    results.map(({ index }) => index),
    expected.slice(0, results.length).map(({ index }) => index),
  )
  results.forEach(({ relevanceScore }, i) => assert.ok(Math.abs(relevanceScore - expected[i].score) < 1e-5))
}

let browser
let server
before(async () => {
  browser = await open()
  const reranker = await bridged(await browser.page())
  server = await serve(createRerankHandler(reranker, { maxDocuments: 20 }))
})
after(() => Promise.all([browser?.close(), server?.close()]))

test('version 2', async () => {
  const client = new CohereClientV2({ token: 'none', environment: server.url })
  const response = await client.rerank({ model: 'local', query, documents, topN: 3, maxTokensPerDoc: 512 })
  golden(response.results)
  assert.equal(response.results.length, 3)
  assert.match(response.id, /^rerank-/)
  assert.ok(response.meta.tokens.inputTokens > 0)
  assert.equal(response.meta.billedUnits.searchUnits, 0)
})

test('version 1, with objects and documents in the answer', async () => {
  const client = new CohereClient({ token: 'none', environment: server.url })
  const response = await client.rerank({ query, documents: documents.map((text) => ({ text })), returnDocuments: true })
  golden(response.results)
  assert.deepEqual(
    response.results.map(({ document }) => document.text),
    expected.map(({ index }) => documents[index]),
  )
})

test('errors have the classes of the client', async () => {
  const client = new CohereClientV2({ token: 'none', environment: server.url, maxRetries: 0 })
  await assert.rejects(client.rerank({ model: 'local', query, documents: [] }), (error) => {
    assert.ok(error instanceof CohereError)
    assert.deepEqual([error.statusCode, error.body.message], [400, 'invalid request: list of documents must not be empty'])
    return true
  })
  await assert.rejects(client.rerank({ model: 'local', query, documents: Array(21).fill('a') }), { statusCode: 400 })
})

test('the handler serves as the fetch of a client', async () => {
  const page = await withBundle(await browser.page(), 'route.js')
  const results = await page.evaluate(async ({ query, documents }) => {
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
    const handler = createRerankHandler(reranker)
    const client = new CohereClient({ token: 'none', fetch: (input, init) => handler(new Request(input, init)) })
    return (await client.v2.rerank({ model: 'local', query, documents })).results
  }, GOLDEN.request)
  golden(results)
})

test('Reranker.remote reads the answers of the handler', async () => {
  const response = await Reranker.remote({ url: `${server.url}/v1/rerank` }).rerank({ query, documents })
  golden(response.results.map(({ index, relevance_score }) => ({ index, relevanceScore: relevance_score })))
  assert.ok(response.usage.prompt_tokens > 0)
  const tei = await Reranker.remote({ url: `${server.url}/rerank`, format: 'tei' }).rerank({ query, documents })
  golden(tei.results.map(({ index, relevance_score }) => ({ index, relevanceScore: relevance_score })))
})

test('a service worker answers the client from the model in the page', async () => {
  const scripts = { '/route.js': bundle('route.js'), '/sw.js': bundle('route-worker.js') }
  const origin = await beside(browser.url, (path) => {
    if (scripts[path]) return new Response(scripts[path], { headers: { 'content-type': 'text/javascript' } })
    return path.endsWith('/rerank') ? new Response('a server was asked', { status: 418 }) : undefined
  })
  const page = await browser.page()
  try {
    await page.goto(`${origin.url}/pages/blank.html`)
    await page.addScriptTag({ type: 'module', url: '/route.js' })
    await page.waitForFunction('window.bundled')
    const seen = await page.evaluate(async ({ query, documents }) => {
      await navigator.serviceWorker.register('/sw.js', { type: 'module' })
      await navigator.serviceWorker.ready
      if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }))
      const { status: other } = await fetch('/v1/rerank')
      const nobody = await fetch('/v1/rerank', { method: 'POST', body: JSON.stringify({ query, documents }) })
      const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
      const stop = serveRerankRoute(createRerankHandler(reranker))
      const local = new CohereClient({ token: 'none', environment: location.origin })
      const own = await local.v2.rerank({ model: 'local', query, documents })
      const cloud = new CohereClient({ token: 'none' })
      const foreign = await cloud.v2.rerank({ model: 'rerank-v4.0-pro', query, documents, topN: 2 })
      const bad = await fetch('/v1/rerank', { method: 'POST', body: '{' })
      // Each another text, so that no machine reads them all before the time is up.
      const many = { query, documents: Array.from({ length: 900 }, (_, i) => `${i} is the first of these words`.repeat(20)) }
      const cut = await outcome(() => fetch('/v1/rerank', { method: 'POST', body: JSON.stringify(many), signal: AbortSignal.timeout(100) }))
      stop()
      return { other, nobody: nobody.status, own: own.results, foreign: foreign.results, bad: [bad.status, (await bad.json()).message], cut: cut.error?.name }
    }, GOLDEN.request)
    assert.equal(seen.other, 418, 'what is not POST goes to the server')
    assert.equal(seen.nobody, 503)
    const other = await page.context().newPage()
    await page.evaluate(() => serveRerankRoute(createRerankHandler(() => secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' }))) && undefined)
    await other.goto(`${origin.url}/pages/blank.html`)
    const [slow, quick] = await other.evaluate(
      async (body) => {
        const timed = async () => {
          const start = performance.now()
          const { results } = await (await fetch('/v1/rerank', { method: 'POST', body: JSON.stringify(body) })).json()
          return { ms: performance.now() - start, results: results.map((r) => ({ index: r.index, relevanceScore: r.relevance_score })) }
        }
        return [await timed(), await timed()]
      },
      { query, documents },
    )
    golden(slow.results)
    golden(quick.results)
    assert.ok(quick.ms < 1500, `a page that served before is asked first, but it took ${quick.ms} ms`)
    await other.close()
    golden(seen.own)
    golden(seen.foreign)
    assert.equal(seen.foreign.length, 2)
    assert.equal(seen.bad[0], 400)
    assert.match(seen.bad[1], /no valid JSON/)
    assert.equal(seen.cut, 'TimeoutError')
  } finally {
    await page.close()
    await origin.close()
  }
})
