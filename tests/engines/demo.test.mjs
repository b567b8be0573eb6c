// The demo in every engine: it opens, finds with keywords, reranks pictures and passages, and writes no error to the console.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { demoModel, OPEN, serveDemo } from '../browser/demo.mjs'
import { ENGINE, openEngine, waitFor } from './harness.mjs'

let browser
let demo
before(async () => {
  browser = await openEngine()
  demo = await serveDemo({ items: 24, prelude: browser.prelude })
})
after(async () => {
  await browser?.close()
  await demo?.close()
})

/** Waits until the reranking pass has shown its numbers; gives the names of both columns and the scores. */
async function reranked(page) {
  await waitFor(page, (open) => document.querySelector(`${open} .numbers:not(.stale)`)?.checkVisibility(), OPEN)
  await page.evaluate((open) => document.querySelector(`${open} .more:not([hidden])`)?.click(), OPEN)
  return page.evaluate((open) => {
    const all = (selector) => [...document.querySelectorAll(`${open} ${selector}`)]
    const names = (column) => all(`.${column} .name`).map((name) => name.textContent)
    const scores = all('.after .card.scored .score').map(({ title }) => Number(title.replace('relevance ', '')))
    return { before: names('before'), after: names('after'), scores, numbers: all('.numbers')[0].textContent }
  }, OPEN)
}

const type = (page, text) =>
  page.evaluate(
    ({ open, text }) => {
      const field = document.querySelector(`${open} .query`)
      field.value = text
      field.dispatchEvent(new Event('input', { bubbles: true }))
    },
    { open: OPEN, text },
  )

test('keywords first, then the model: pictures, another query, passages, and a quiet console', async () => {
  const page = await browser.page(`${demo.url}#pictures`)
  const first = await reranked(page)
  assert.equal(first.before[0], 'scissors')
  assert.deepEqual(
    first.scores,
    [...first.scores].sort((a, b) => b - a),
  )
  assert.ok(first.scores.length >= 20 && new Set(first.scores).size > 10, `${first.scores}`)
  assert.notDeepEqual(first.after, first.before)
  assert.match(first.numbers, /CPU/)
  if (demoModel().pictures.trained) assert.equal(first.after[0], 'scissors')
  console.log(`${ENGINE}: best ${first.after.slice(0, 3).join(', ')}`)

  await type(page, 'umbrella')
  await waitFor(page, (open) => document.querySelector(`${open} .before .name`)?.textContent === 'umbrella', OPEN)

  await page.evaluate(() => document.querySelector('#tab-texts').click())
  const passages = await reranked(page)
  assert.equal(passages.scores.length, 30)
  assert.ok(new Set(passages.scores).size > 10, `${passages.scores}`)
  assert.equal(passages.before.length, 30)

  assert.ok((await page.screenshot()).length > 10_000, 'something was drawn')
  assert.deepEqual(await page.errors(), [])
  await page.close()
})

test('the copy for use without a network is saved, and the page opens from it', async () => {
  const page = await browser.page(`${demo.url}#pictures`)
  await waitFor(page, () => document.querySelector('#offline-state').textContent === 'Works without a network.')
  // Nothing is under way any more: Firefox reports a request that the next page interrupts.
  await reranked(page)
  await waitFor(page, () => performance.getEntriesByType('resource').some(({ name, responseEnd }) => name.endsWith('emoji.webp') && responseEnd > 0))
  await demo.close()
  try {
    await page.goto(`${demo.url}#pictures`)
    const { before } = await reranked(page)
    assert.equal(before[0], 'scissors')
    assert.deepEqual(await page.errors(), [])
  } finally {
    await page.close()
    demo = undefined
  }
})
