// The guide's lines for pages that work without a network, as they stand there: after one visit the server is really gone.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { listen, serveFile } from '../../scripts/serve.mjs'
import { cases, open } from './harness.mjs'

/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5
const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>'
const FOLDERS = { dist: join(ROOT, 'pkg', 'dist'), models: join(ROOT, 'tests', 'fixtures', 'text') }

/** The two scripts of the recipe. */
const [, serviceWorker, inPage] = /## Without a network\n.*?```js fragment\n(\/\/ service-worker\.js\n.*?)```.*?```js\n(\/\/ in the page\n.*?)```/s.exec(
  readFileSync(join(ROOT, 'docs', 'guide', 'recipes.md'), 'utf8'),
)
const FILES = {
  '/': ['text/html', PAGE],
  '/service-worker.js': ['text/javascript', serviceWorker],
  '/page.js': [
    'text/javascript',
    `${inPage.replace("'secondpass'", "'/dist/index.js'").replace(/model: '[^']+'/, "model: '/models/tiny-tied', device: 'cpu'")}
    window.reranker = reranker`,
  ],
}

let browser
let site
before(async () => {
  browser = await open()
  site = await listen(
    (request, response) => {
      const [type, text] = FILES[request.url] ?? []
      if (type) return response.writeHead(200, { 'content-type': type }).end(text)
      const [, folder, ...rest] = request.url.split('/')
      request.url = `/${rest.join('/')}`
      if (!FOLDERS[folder] || !serveFile(FOLDERS[folder], request, response)) response.writeHead(404).end()
    },
    0,
    true,
  )
})
after(() => Promise.all([browser?.close(), site?.close()]))

test('after one visit the page reranks without a network', async () => {
  const { request, scores } = cases('tiny-tied').find(({ name }) => name === 'several')
  const url = `http://127.0.0.1:${site.address().port}/`
  const visit = async () => {
    const page = await browser.context.newPage()
    page.setDefaultTimeout(60_000)
    await page.goto(url)
    await page.waitForFunction(() => window.reranker)
    const { results, info } = await page.evaluate(async (request) => ({ ...(await reranker.rerank(request)), info: reranker.info }), request)
    await page.close()
    for (const { index, relevance_score } of results) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE)
    assert.equal(results.length, scores.length)
    return info
  }
  const { files } = await visit()
  assert.deepEqual(files, [`${url}dist/worker.js`, `${url}dist/wasm/secondpass_cpu_bg.wasm`])
  site.closeAllConnections()
  await new Promise((closed) => site.close(closed))
  await assert.rejects(fetch(url), 'the server is gone')
  assert.deepEqual((await visit()).files, files)
})
