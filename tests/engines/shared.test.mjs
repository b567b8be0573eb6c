// Tabs that share a model, in every engine: two tabs and one worker, pictures from tab to tab, and a tab that goes.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { scorePictures } from '../browser/pictures.mjs'
import { openEngine, waitFor } from './harness.mjs'

/** Without packing a score is the same to the bit wherever it is computed. */
const OPTIONS = { device: 'cpu', workers: 1, shared: true, savings: { packing: false } }

let browser
let open = []
before(async () => {
  browser = await openEngine()
})
after(() => browser?.close())
afterEach(async () => {
  for (const page of open) await page.close()
  open = []
})

/** A tab with the model, and whether it started a worker for it. */
async function tab(model) {
  const page = await browser.page()
  open.push(page)
  const { started, shared } = await page.evaluate(
    async ({ model, options }) => {
      window.started = 0
      const worker = () => {
        window.started++
        return new Worker('/dist/worker.js', { type: 'module' })
      }
      window.texts = Array.from({ length: 300 }, (_, i) => `document ${i} ${'of some words '.repeat(1 + (i % 12))}`)
      window.reranker = await secondpass.Reranker.load({ model, worker, ...options })
      return { started: window.started, shared: window.reranker.info.shared }
    },
    { model, options: OPTIONS },
  )
  assert.equal(shared, true)
  return { page, started }
}

const close = async (page) => {
  open = open.filter((one) => one !== page)
  await page.close()
}

const scores = (page) => page.evaluate(async () => (await window.reranker.rerank({ query: 'q', documents: window.texts.slice(0, 40) })).results)

test('a second tab has no worker of its own and the same scores; when the first goes in mid-request, it takes over', async () => {
  const [a, b] = [await tab('/models/tiny-tied'), await tab('/models/tiny-tied')]
  assert.deepEqual([a.started, b.started], [1, 0])
  const expected = await scores(a.page)
  assert.deepEqual(await scores(b.page), expected)
  await b.page.evaluate(() => {
    window.reported = []
    window.answer = undefined
    const request = { query: 'q', documents: window.texts }
    void outcome(() => window.reranker.rerank(request, { onResult: ({ index }) => window.reported.push(index) })).then((result) => {
      window.answer = result
    })
  })
  await waitFor(b.page, () => window.reported.length > 2)
  await close(a.page)
  const { results, error, reported, distinct } = await waitFor(b.page, () => {
    if (!window.answer) return undefined
    const { ok, error } = window.answer
    return { results: ok?.results.length, error, reported: window.reported.length, distinct: new Set(window.reported).size }
  })
  assert.deepEqual([results, reported, distinct], [300, 300, 300], error?.message)
  assert.equal(await b.page.evaluate(() => window.started), 1)
  assert.deepEqual(await scores(b.page), expected)
})

test('a request of another tab is aborted there, and a tab that is closed leaves no request behind', async () => {
  const [a, b] = [await tab('/models/tiny-tied'), await tab('/models/tiny-tied')]
  const message = await b.page.evaluate(async () => {
    const controller = new AbortController()
    const onResult = () => controller.abort(new Error('enough'))
    const { error } = await outcome(() => window.reranker.rerank({ query: 'q', documents: window.texts }, { signal: controller.signal, onResult }))
    return error.message
  })
  assert.equal(message, 'enough')
  await b.page.evaluate(() => {
    window.reported = 0
    void outcome(() =>
      window.reranker.rerank({ query: 'q', documents: [...window.texts, ...window.texts.map((text) => `${text}!`)] }, { onResult: () => window.reported++ }),
    )
  })
  await waitFor(b.page, () => window.reported > 0)
  await close(b.page)
  assert.equal((await scores(a.page)).length, 40)
  await a.page.evaluate(() => window.reranker.dispose())
  await waitFor(a.page, async () => {
    const { held, pending } = await navigator.locks.query()
    return ![...held, ...pending].some(({ name }) => name.startsWith('secondpass:tab'))
  })
})

test('pictures of every kind travel to the tab with the model', async () => {
  const [a, b] = [await tab('/fixtures/vl/vl-tied'), await tab('/fixtures/vl/vl-tied')]
  const answer = await a.page.evaluate(scorePictures)
  assert.equal(answer.results.length, 5)
  assert.equal(answer.kept, true)
  assert.deepEqual(await b.page.evaluate(scorePictures), answer)
})
