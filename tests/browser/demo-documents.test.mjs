// The demo's documentation tab: keywords, vectors and the second pass over Python's documentation and over the visitor's own text.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { DEMO } from '../../scripts/build.mjs'
import { drop, names, OPEN, openDemo, reranked, scores } from './demo.mjs'

/** Time until the first keyword results, and until the first is reranked, on a busy machine. */
const [USABLE_MS, RERANKED_MS] = [6_000, 20_000]
/** What may be fetched until then, with a module that the server compresses as any does. */
const FETCHED_BYTES = 25_000_000
/** The published module for the CPU, by gzip; `npm test -- --only release,size` has its limits. */
const PUBLISHED_MODULE_BYTES = 1_450_000

let demo
before(async () => {
  demo = await openDemo({ items: 12 })
})
after(() => demo?.close())

const open = (options = {}) => demo.page(options, { path: '#texts' })
const caption = (page, column) => page.textContent(`${OPEN} .${column} .caption`)
const vectorsUsed = (page) => page.waitForFunction((open) => /keywords and vectors/.test(document.querySelector(`${open} .second .caption`).textContent), OPEN)
const ask = async (page, text) => {
  await page.fill(`${OPEN} .query`, text)
  await page.keyboard.press('Enter')
  await reranked(page)
}
const text = (name, content, type = 'text/plain') => ({ name, type, bytes: Buffer.from(content).toString('base64') })

test('keywords at once, then scores, with the place in every stage', async () => {
  const page = await open()
  await page.waitForSelector(`${OPEN} .before .card`)
  const usable = await page.evaluate(() => performance.now())
  await page.waitForSelector(`${OPEN} .after .card.scored`)
  const first = await page.evaluate(() => performance.now())
  console.log(`keywords after ${usable.toFixed(0)} ms, the first score after ${first.toFixed(0)} ms`)
  assert.ok(usable < USABLE_MS && first < RERANKED_MS, `${usable} and ${first} ms`)
  await reranked(page)
  assert.equal((await scores(page)).length, 10)
  assert.notDeepEqual(await names(page, 'after'), await names(page, 'before'))
  await vectorsUsed(page)
  const whys = await page.$$eval(`${OPEN} .after .why`, (all) => all.map((why) => why.textContent))
  assert.equal(whys.length, 10)
  for (const why of whys) assert.match(why, /^(keywords \d+|no keyword)( · vectors \d+)?( · both \d+)? → read \d+$/)
  assert.ok(
    whys.some((why) => why.includes('vectors')),
    'vectors found some of them',
  )
  assert.ok(await page.$(`${OPEN} .after mark`), 'words that match are marked')
  const link = await page.getAttribute(`${OPEN} .after a.name`, 'href')
  assert.match(link, /^https:\/\/docs\.python\.org\/3\.11\/.+\.html/)
  assert.match(await page.textContent(`${OPEN} .numbers`), /Passages read30.*Tokens[\d,]+.*Total time.*Weights in memory/s)
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
})

test('until the first score no more than the stated bytes are fetched', async () => {
  const quiet = await openDemo()
  try {
    const asked = []
    const page = await quiet.page({}, { path: 'manifest.json' })
    page.context().on('request', (request) => asked.push(request.url()))
    await page.goto(`${quiet.url}#texts`)
    await page.waitForSelector(`${OPEN} .after .card.scored`)
    // Tests use the development module, which is larger than what is published.
    const module = gzipSync(readFileSync(join(DEMO, 'secondpass', 'wasm', 'secondpass_cpu_bg.wasm'))).length
    const total = quiet.state.sent - module + PUBLISHED_MODULE_BYTES
    const before = asked.filter((url) => /MiniLM|emoji/.test(url))
    console.log(`${total.toLocaleString('en')} bytes`)
    assert.ok(total > 18_000_000 && total < FETCHED_BYTES, `${total} bytes`)
    assert.deepEqual(before, [], 'neither the embedder nor the pictures are fetched before')
  } finally {
    await quiet.close()
  }
})

test('a question in other words than the passage is answered', async () => {
  const page = await open()
  await vectorsUsed(page)
  for (const [question, answer] of [
    ['why does my default list argument remember values from earlier calls', /default/i],
    ['why does 0.1 + 0.2 not equal 0.3', /floating point/i],
  ]) {
    await ask(page, question)
    await vectorsUsed(page)
    const found = (await names(page, 'after')).slice(0, 3)
    console.log(`${question}: ${found.join(' | ')}`)
    assert.ok(
      found.some((name) => answer.test(name)),
      found.join(' | '),
    )
  }
})

test('where nothing answers, the page says so', async () => {
  const page = await open()
  await vectorsUsed(page)
  await ask(page, 'best pizza dough recipe with sourdough')
  assert.match(await caption(page, 'second'), /^Nothing here seems to answer this: the best score is/)
  assert.equal(await page.$(`${OPEN} .after .card.best`), null)
  await ask(page, 'read a csv file')
  assert.match(await caption(page, 'second'), /^30 read, best first/)
  assert.ok(await page.$(`${OPEN} .after .card.best`))
})

test('pasted text, a Markdown file and a page are searched at once, and the documentation again', async () => {
  const page = await open()
  await reranked(page)
  await page.click(`${OPEN} summary`)
  await page.fill(`${OPEN} .own-text`, 'The kettle must be descaled with vinegar every month.\n\nThe toaster is cleaned with a brush.')
  await page.click(`${OPEN} .own-add`)
  await page.waitForSelector(`${OPEN} .sources:visible`)
  await ask(page, 'how do I get rid of lime in the kettle')
  assert.deepEqual(await names(page, 'before'), ['Your text'])
  assert.equal((await scores(page)).length, 1)
  await drop(page, [
    text(
      'manual.md',
      '# Garden\n\n## Watering\n\nWater the tomatoes in the morning.\n\n```sh\n# no heading\n```\n\n## Pruning\n\nCut the roses in spring.',
      'text/markdown',
    ),
    text('page.html', '<nav>roses roses</nav><main><h1>Roses</h1><p>Roses like <b>sun</b>.</p><script>roses()</script></main>', 'text/html'),
    text('table.bin', 'x', 'application/octet-stream'),
  ])
  await page.waitForFunction((open) => document.querySelector(`${open} .own-count`).textContent === '4', OPEN)
  assert.match(await page.textContent(`${OPEN} .problem`), /“table\.bin” is no text, Markdown or HTML file\./)
  await ask(page, 'roses')
  assert.deepEqual((await names(page, 'before')).sort(), ['Pruning', 'Roses'])
  const paths = await page.$$eval(`${OPEN} .before .path`, (all) => all.map((path) => path.textContent).sort())
  assert.deepEqual(paths, ['manual.md › Garden', 'page.html'])
  assert.doesNotMatch(await page.textContent(`${OPEN} .before`), /roses\(\)|roses roses/)
  await page.check(`${OPEN} [value=built]`)
  await ask(page, 'read a csv file')
  assert.equal((await names(page, 'before')).length, 10)
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
})

test('typing shows keywords at once and cancels what runs', async () => {
  const page = await open()
  await page.waitForSelector('body[data-model=ready]')
  await page.fill(`${OPEN} .query`, 'parse json')
  await page.keyboard.press('Enter')
  await page.waitForSelector(`${OPEN} .cancel:visible`)
  await page.keyboard.press('Escape')
  assert.match(await caption(page, 'second'), /^Cancelled/)
  await page.fill(`${OPEN} .query`, 'threading lock')
  await page.waitForFunction((open) => /lock/i.test(document.querySelector(`${open} .before .name`)?.textContent ?? ''), OPEN)
  await reranked(page)
  await page.fill(`${OPEN} .query`, '')
  await page.waitForFunction((open) => document.querySelectorAll(`${open} .card`).length === 0, OPEN)
  assert.equal(await caption(page, 'first'), 'Type to search.')
})

test('each search has its own model', async () => {
  const page = await open()
  await reranked(page)
  assert.match(await page.textContent('#model-state'), /^documentation-reranker/)
  await page.click('#tab-pictures')
  await reranked(page)
  assert.match(await page.textContent('#model-state'), /^demo-emoji/)
  await page.click('#tab-texts')
  await reranked(page)
  assert.match(await page.textContent('#model-state'), /^documentation-reranker/)
})

for (const [name, file] of [
  ['the description of the demo', /demo\.json$/],
  ['the index', /python\.sp$/],
]) {
  test(`after a failure to fetch ${name} another try opens the documentation`, async () => {
    demo.state.missing = file
    try {
      const page = await open()
      await page.waitForFunction((open) => /503/.test(document.querySelector(open).textContent + document.querySelector('#model-state').textContent), OPEN)
      demo.state.missing = undefined
      await page.click(`${OPEN} .again`)
      await reranked(page)
      assert.equal(await page.isVisible(`${OPEN} .again`), false)
      await vectorsUsed(page)
      assert.equal((await names(page, 'before')).length, 10)
    } finally {
      demo.state.missing = undefined
    }
  })
}

test('a tab that is left while its model loads does not search with the model of the other', async () => {
  demo.state.weights = 'hang'
  try {
    const page = await open()
    await page.waitForSelector('body[data-model=loading]')
    await page.waitForSelector(`${OPEN} .before .card`)
    await page.press(`${OPEN} .query`, 'Enter')
    await page.waitForSelector(`${OPEN} .cancel:visible`)
    await page.click('#tab-pictures')
    demo.state.weights = 'serve'
    await reranked(page)
    assert.match(await page.textContent('#model-state'), /^demo-emoji/)
    const texts = await page.$eval('#texts', (panel) => [panel.querySelectorAll('.scored').length, panel.querySelector('.problem').textContent])
    assert.deepEqual(texts, [0, ''])
    await page.click('#tab-texts')
    await reranked(page)
    assert.match(await page.textContent('#model-state'), /^documentation-reranker/)
    assert.deepEqual(page.observed.errors, [])
  } finally {
    demo.state.weights = 'serve'
  }
})

test('a text is added once however often the button is pressed, and a folder’s pictures do not take its texts elsewhere', async () => {
  const page = await open()
  await page.waitForSelector(`${OPEN} .before .card`)
  await page.click(`${OPEN} summary`)
  await page.fill(`${OPEN} .own-text`, 'The kettle whistles.')
  await page.dblclick(`${OPEN} .own-add`)
  await page.waitForFunction((open) => document.querySelector(`${open} .own-count`).textContent === '1', OPEN)
  await page.waitForTimeout(300)
  assert.equal(await page.textContent(`${OPEN} .own-count`), '1')
  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  await drop(page, [text('notes.md', 'The toaster hums.'), { name: 'photo.png', type: 'image/png', bytes: pixel }])
  await page.waitForFunction((open) => document.querySelector(`${open} .own-count`).textContent === '2', OPEN)
  assert.ok(await page.isVisible('#texts'))
})

test('a page without a second pass is saved for use without a network all the same', async () => {
  const page = await demo.page({ serviceWorkers: 'allow' }, { path: 'manifest.json' })
  await page.goto(`${demo.url}#bench`)
  await page.waitForFunction(() => document.querySelector('#offline-state').textContent === 'Works without a network.')
})
