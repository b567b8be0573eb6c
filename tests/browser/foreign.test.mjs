// The package from another origin, as from a CDN: its worker and its wasm come from there too, and what it stores is the page's own.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { listen } from '../../scripts/serve.mjs'
import { cases, open } from './harness.mjs'

const GOLDEN = cases('tiny-tied').find(({ name }) => name === 'several')

let browser
let cdn
let origin
const asked = []
before(async () => {
  browser = await open()
  // As CDNs answer: to everyone.
  cdn = await listen(
    async (request, response) => {
      asked.push(request.url)
      const file = await fetch(browser.url + request.url)
      response.writeHead(file.status, { 'content-type': file.headers.get('content-type') ?? '', 'access-control-allow-origin': '*' })
      response.end(Buffer.from(await file.arrayBuffer()))
    },
    0,
    true,
  )
  origin = `http://127.0.0.1:${cdn.address().port}`
})
after(async () => {
  await browser?.close()
  cdn?.closeAllConnections()
  cdn?.close()
})

/** Reranks with the module at an address and further options. */
const rerankFrom = (page, module, options) =>
  page.evaluate(
    async ({ module, options, request }) => {
      const { Reranker } = await import(module)
      return outcome(async () => {
        const reranker = await Reranker.load({ model: '/models/tiny-tied', device: 'cpu', ...options })
        const { results } = await reranker.rerank(request)
        const { storage, workers } = reranker.info
        reranker.dispose()
        return { results, storage, workers }
      })
    },
    { module, options, request: GOLDEN.request },
  )

function golden({ ok, error }, workers = 1) {
  assert.equal(error, undefined, error?.message)
  for (const { index, relevance_score } of ok.results) assert.ok(Math.abs(relevance_score - GOLDEN.scores[index]) < 1e-5)
  assert.deepEqual([ok.results.length, ok.storage, ok.workers], [GOLDEN.scores.length, 'opfs', workers])
}

test('the package from another origin starts its workers there, and stores in the page’s origin', async () => {
  const page = await browser.page()
  golden(await rerankFrom(page, `${origin}/dist/index.js`, { workers: 2 }), 2)
  assert.ok(asked.includes('/dist/worker.js') && asked.some((path) => path.endsWith('_cpu_bg.wasm')), asked.join(' '))
  await page.close()
})

test('so does the page’s own package with a worker from another origin', async () => {
  asked.length = 0
  const page = await browser.page()
  golden(await rerankFrom(page, '/dist/index.js', { worker: `${origin}/dist/worker.js` }))
  assert.ok(asked.includes('/dist/worker.js'))
  await page.close()
})

/** A page under a policy: the package is the CDN's, and so are the places that the policy names. */
async function under(policy) {
  const path = browser.host({
    handle(_, __, response) {
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy.replaceAll('CDN', origin) })
        .end('<!doctype html><title>Strict</title>')
    },
  })
  const page = await browser.page(path)
  const outcome = await page.evaluate(
    async ({ module, request }) => {
      const { Reranker } = await import(module)
      try {
        const reranker = await Reranker.load({ model: '/models/tiny-tied', device: 'cpu', workers: 1 })
        const { results } = await reranker.rerank(request)
        const { storage, workers } = reranker.info
        reranker.dispose()
        return { ok: { results, storage, workers } }
      } catch ({ code, message }) {
        return { error: { code, message } }
      }
    },
    { module: `${origin}/dist/index.js`, request: GOLDEN.request },
  )
  await page.close()
  return outcome
}

test('the policy of the README lets it in, and one that blocks the start is named', async () => {
  golden(await under("default-src 'none'; script-src CDN 'wasm-unsafe-eval'; worker-src blob: CDN; connect-src 'self' CDN"))
  const { error } = await under("default-src 'none'; script-src CDN 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' CDN")
  assert.equal(error.code, 'worker_failed')
  assert.match(error.message, /add blob: to its worker-src/)
})

test('a script that is not there is said so, with its address', async () => {
  const page = await browser.page()
  const { error } = await rerankFrom(page, '/dist/index.js', { worker: `${origin}/dist/absent.js` })
  assert.deepEqual([error.code, error.name], ['worker_failed', 'SecondpassError'])
  await page.close()
})
