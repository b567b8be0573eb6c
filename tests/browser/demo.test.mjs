// The demo's two passes: keyword search at once, then reranking by the model; cancelling.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { DEMO } from '../../scripts/build.mjs'
import { demoModel, names, OPEN, openDemo, reranked, scores, showAll } from './demo.mjs'

/** Time until the first search is possible, on a busy machine without a GPU. */
const USABLE_MS = 6_000
const SCRIPT_BYTES = 30_000

let demo
before(async () => {
  demo = await openDemo({ items: 24 })
})
after(() => demo?.close())

const modelReady = (page) => page.waitForSelector('body[data-model=ready]')

test('the keyword pass works before the model is loaded', async () => {
  demo.state.weights = 'hang'
  const page = await demo.page()
  await page.waitForSelector(`${OPEN} .before .card`)
  const usable = await page.evaluate(() => performance.now())
  assert.ok(usable < USABLE_MS, `usable after ${usable.toFixed(0)} ms`)
  assert.equal((await names(page, 'before'))[0], 'scissors')
  await page.fill(`${OPEN} .query`, 'umbrella')
  assert.equal((await names(page, 'before'))[0], 'umbrella')
  assert.deepEqual(await names(page, 'after'), await names(page, 'before'))
  await page.waitForSelector('body[data-model=loading]')
  assert.match(await page.textContent(`${OPEN} .second .caption`), /still loading/)
  await page.close()
  demo.state.weights = 'serve'
})

test('the page needs few bytes beside the package', () => {
  /** A script, and what it imports at once. */
  const withImports = (file) => [
    file,
    ...[...readFileSync(join(DEMO, file), 'utf8').matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g)].flatMap(([, part]) => withImports(part)),
  ]
  const files = new Set(['index.html', 'style.css', ...withImports('app.js')])
  const size = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(DEMO, file))).length, 0)
  console.log(`${size} bytes of page in ${files.size} files, after gzip`)
  assert.ok(files.size > 3, 'the scripts that app.js imports are counted')
  assert.ok(size < SCRIPT_BYTES, `${size} bytes`)
})

test('the reranking pass shows scores, a new order and its numbers', async () => {
  const page = await demo.page()
  await reranked(page)
  if (demoModel().pictures.trained) {
    assert.match(await page.textContent(`${OPEN} .second .caption`), /^24 of 24 read, best first: \d+ likely\.$/)
    const { threshold } = demoModel().pictures
    assert.ok(
      (await scores(page)).every((score) => score >= threshold),
      'what is shown is more likely right than wrong',
    )
  }
  await showAll(page)
  const [first, second, values] = [await names(page, 'before'), await names(page, 'after'), await scores(page)]
  assert.equal(values.length, second.length)
  assert.deepEqual(
    values,
    [...values].sort((a, b) => b - a),
  )
  assert.notDeepEqual(first, second)
  assert.ok(await page.$(`${OPEN} .after .moved.up:not(:empty)`), 'a card shows how many places it moved')
  const numbers = await page.textContent(`${OPEN} .numbers`)
  assert.match(
    numbers,
    /CPU \(WebAssembly, one thread\).*Documents24.*Tokens[\d,]+.*from cache[\d,]+.*First score.*Total time.*Weights in memory.*Worker memory/s,
  )
  const [all, found] = [await names(page, 'after'), await names(page, 'before')]
  assert.equal(all.length, 24)
  assert.deepEqual([...all].sort(), [...found].sort())
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
})

test('a query without keyword matches gets candidates from the gallery', async () => {
  const page = await demo.page()
  await modelReady(page)
  await page.fill(`${OPEN} .query`, 'xylograph')
  await page.keyboard.press('Enter')
  assert.match(await page.textContent(`${OPEN} .first .caption`), /^No keyword matches. 24 candidates/)
  await reranked(page)
  await showAll(page)
  assert.equal((await scores(page)).length, 24)
})

test('an example query and another instruction each start a new search', async () => {
  const page = await demo.page()
  await reranked(page)
  await page.click('text=takes photos')
  await reranked(page)
  await showAll(page)
  const before = await scores(page)
  await page.click(`${OPEN} summary`)
  await page.fill(`${OPEN} .instruction`, 'Find what is not asked for.')
  await page.keyboard.press('Enter')
  await page.waitForSelector(`${OPEN} .numbers.stale`)
  await reranked(page)
  await showAll(page)
  assert.notDeepEqual(await scores(page), before)
})

test('cancel stops at once, keeps the scores so far, and allows the next search', async () => {
  const whole = await openDemo()
  try {
    const page = await whole.page()
    await page.waitForSelector(`${OPEN} .after .card.scored`)
    await page.click(`${OPEN} .cancel`)
    assert.match(await page.textContent(`${OPEN} .second .caption`), /^Cancelled/)
    await showAll(page)
    const seen = (await scores(page)).length
    assert.ok(seen > 0 && seen < 280, `${seen} of 280`)
    await page.waitForTimeout(1500)
    assert.equal((await scores(page)).length, seen)
    assert.ok(await page.isVisible(`${OPEN} .go`))
    await page.click(`${OPEN} summary`)
    await page.selectOption(`${OPEN} .limit`, '60')
    await reranked(page)
  } finally {
    await whole.close()
  }
})

test('a software adapter is not labelled as a GPU', async () => {
  const page = await demo.page()
  await page.selectOption('#device', 'webgpu')
  await page.waitForFunction(() => /WebGPU/.test(document.querySelector('#model-state').textContent) && document.body.dataset.model === 'ready')
  const state = await page.textContent('#model-state')
  assert.match(state, /WebGPU in software \(.+\), on the CPU/)
  assert.doesNotMatch(state, /\bon GPU/)
})

test('the trained model ranks scissors first for something to cut paper', {
  skip: !demoModel().pictures.trained && 'this build has no trained model',
}, async () => {
  const whole = await openDemo()
  try {
    const page = await whole.page()
    await reranked(page)
    const best = (await names(page, 'after')).slice(0, 3)
    console.log(`best: ${best.join(', ')}`)
    assert.equal(best[0], 'scissors', best.join(', '))
  } finally {
    await whole.close()
  }
})
