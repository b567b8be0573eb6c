// A real Pagefind index: its results are handles, which have to be opened.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { close, createIndex } from 'pagefind'
import { ROOT } from '../../scripts/lib.mjs'
import { cases, open } from '../browser/harness.mjs'
import { beside } from './harness.mjs'

const GOLDEN = cases('tiny-tied').find(({ name }) => name === 'several')
const FOLDER = join(ROOT, 'target', 'pagefind-test')

let browser
let origin
before(async () => {
  const { index } = await createIndex()
  for (const [i, text] of GOLDEN.request.documents.entries()) {
    // Every page has the word that is searched for; the text that is read is the golden one alone.
    await index.addHTMLFile({
      url: `/page${i}/`,
      content: `<html lang="en"><body><main data-pagefind-meta="text:${text}"><h1>found</h1><p>${text}</p></main></body></html>`,
    })
  }
  const { errors } = await index.writeFiles({ outputPath: join(FOLDER, 'pagefind') })
  assert.deepEqual(errors, [])
  await close()
  browser = await open()
  const types = { js: 'text/javascript', json: 'application/json' }
  origin = await beside(browser.url, (path) => {
    if (!path.startsWith('/pagefind/')) return undefined
    return new Response(readFileSync(join(FOLDER, path)), { headers: { 'content-type': types[path.split('.').pop()] ?? 'application/octet-stream' } })
  })
})
after(() => Promise.all([browser?.close(), origin?.close()]))

test('Pagefind results are opened, scored and put in the golden order', async () => {
  const page = await browser.page()
  await page.goto(`${origin.url}/pages/blank.html`)
  await page.waitForFunction('window.ready')
  const ranked = await page.evaluate(async (query) => {
    const pagefind = await import('/pagefind/pagefind.js')
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
    const { results } = await pagefind.search('found')
    const ranked = await secondpass.rerankHits(reranker, results, { query, text: 'meta.text', limit: 10 })
    return ranked.map(({ data, score, hit }) => ({ url: data.url, score, opened: typeof hit.data }))
  }, GOLDEN.request.query)
  const expected = GOLDEN.scores.map((score, index) => ({ index, score })).sort((a, b) => b.score - a.score)
  assert.deepEqual(
    ranked.map(({ url }) => url),
    expected.map(({ index }) => `/page${index}/`),
  )
  ranked.forEach(({ score, opened }, i) => assert.ok(Math.abs(score - expected[i].score) < 1e-5 && opened === 'function'))
})
