// The documentation as part of the built demo, under a sub-path: every page, its search with the keyboard and with a model, and without a network.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { readContents } from '../../scripts/docs/contents.mjs'
import { openDemo } from './demo.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const FILES = readContents().flatMap(({ pages }) => pages.map(({ file }) => file))
const DESKTOP = { width: 1280, height: 900 }
/** Every page is looked at on one kind of device, and the first of several looks is enough for the frame around it. */
const VIEWS = {
  light: [{ viewport: DESKTOP, colorScheme: 'light' }, FILES],
  dark: [{ viewport: DESKTOP, colorScheme: 'dark' }, ['index.html', 'recipes.html', 'errors.html']],
  phone: [{ viewport: { width: 390, height: 844 }, colorScheme: 'light' }, ['index.html', 'models.html', 'performance.html', 'recipes.html']],
}
/** A model with random weights: what matters here is that it reads, not how it ranks. */
const TINY = { url: '../own/tiny-tied/', bytes: 1_234_567 }

let demo
before(async () => {
  demo = await openDemo({ items: 12 })
})
after(() => demo?.close())

const docs = (options, file = 'index.html') => demo.page(options, { path: `docs/${file}` })

/** Types into the search and waits for what it says of `expected`. */
async function search(page, query, expected = /\d+ results?\./) {
  await page.fill('#docs-query', query)
  await page.waitForFunction((source) => new RegExp(source).test(document.querySelector('.docs-state').textContent), expected.source)
}
const found = (page) => page.$$eval('.docs-results a', (links) => links.map((link) => link.getAttribute('href')))

for (const [name, [view, files]] of Object.entries(VIEWS)) {
  test(`axe reports no serious violations, and nothing is too wide: ${name}`, async () => {
    const page = await docs({ ...view, reducedMotion: 'reduce' })
    const problems = []
    for (const file of files) {
      await page.goto(`${demo.url}docs/${file}`)
      if (file === 'index.html') await search(page, 'storage')
      await page.evaluate(AXE)
      const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
      const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
      problems.push(...serious.map(({ id, nodes }) => `${file}: ${id}: ${nodes[0].html.slice(0, 150)}`))
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (wide > 0) problems.push(`${file}: ${wide} pixels too wide`)
      const unseen = await page.$$eval('article img', (all) => all.filter((image) => image.naturalWidth === 0).map(({ src }) => src))
      problems.push(...unseen.map((src) => `${file}: ${src} is not shown`))
    }
    assert.deepEqual(problems, [])
    assert.deepEqual(page.observed, { errors: [], foreign: [] })
    await page.context().close()
  })
}

test('the search finds a page, and the keyboard leads to it', async () => {
  const page = await docs({ viewport: DESKTOP })
  await page.route('**/docs/search.json', (route) => route.fulfill({ json: {} }))
  await page.keyboard.press('/')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'docs-query')
  await page.keyboard.type('hash of the file integrity')
  await page.waitForSelector('.docs-results a')
  await page.waitForFunction(() => /results?\./.test(document.querySelector('.docs-said').textContent))
  const links = await found(page)
  assert.ok(links.includes('your-site.html#weights-on-your-own-host'), links.join(' '))
  assert.ok(new Set(links).size === links.length, 'a place is shown once')
  assert.ok((await page.$$eval('.docs-results mark', (all) => all.map(({ textContent }) => textContent.toLowerCase()))).includes('integrity'))
  // Without a model on the site there is no choice to let one rank.
  assert.equal(await page.isVisible('.docs-rank'), false)

  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  const first = await page.evaluate(() => document.activeElement.getAttribute('href'))
  assert.equal(first, links[0])
  await page.keyboard.press('Escape')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'docs-query')
  assert.equal(await page.isVisible('#docs-found'), false)
  await search(page, 'integrity')
  await page.keyboard.press('Enter')
  await Promise.all([page.waitForURL(/html(#|$)/), page.keyboard.press('Enter')])

  await search(page, 'relevance_score')
  const marked = await page.$$eval('.docs-results mark', (all) => all.map(({ textContent }) => textContent.toLowerCase()))
  assert.ok(marked.includes('relevance') && marked.includes('score'), marked.join(' '))

  await search(page, 'xyzzyplugh', /Nothing was found/)
  assert.deepEqual(await found(page), [])
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
  await page.context().close()
})

test('a model ranks when the visitor wants it, and on the next page without being asked', async () => {
  const page = await docs({ viewport: DESKTOP })
  await page.route('**/docs/search.json', (route) => route.fulfill({ json: { reranker: TINY } }))
  const requested = []
  page.on('request', (request) => request.url().includes('/own/') && requested.push(request.url()))
  await search(page, 'worker memory')
  const byKeywords = await found(page)
  assert.match(await page.textContent('.docs-rank span'), /^1\.2 MB, loaded once/)
  assert.deepEqual(requested, [])
  await page.click('.docs-rank button')
  await page.waitForFunction(() => /ranked by the model/.test(document.querySelector('.docs-state').textContent))
  assert.equal(await page.getAttribute('.docs-rank button', 'aria-pressed'), 'true')
  const ranked = await found(page)
  assert.notDeepEqual(ranked, byKeywords)
  assert.ok(requested.length > 0)

  const before = requested.length
  await page.goto(`${demo.url}docs/errors.html`)
  await search(page, 'worker memory', /ranked by the model/)
  assert.deepEqual(await found(page), ranked)
  assert.equal(requested.length, before, 'the stored model was used')
  await page.click('.docs-rank button')
  await page.waitForFunction(
    () => /results?\.$/.test(document.querySelector('.docs-state').textContent) && !/ranked/.test(document.querySelector('.docs-state').textContent),
  )
  assert.deepEqual(await found(page), byKeywords)
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
  await page.context().close()
})

test('a list that was closed stays closed, whatever the model does then', async () => {
  const page = await docs({ viewport: DESKTOP })
  await page.route('**/docs/search.json', (route) => route.fulfill({ json: { reranker: TINY } }))
  await search(page, 'worker memory')
  await page.click('.docs-rank button')
  await page.keyboard.press('Escape')
  assert.equal(await page.isVisible('#docs-found'), false)
  await page.waitForTimeout(3000)
  assert.equal(await page.isVisible('#docs-found'), false)
  await page.context().close()
})

test('where the model cannot be had, the order of the keywords stands and the page says why', async () => {
  const page = await docs({ viewport: DESKTOP })
  await page.route('**/docs/search.json', (route) => route.fulfill({ json: { reranker: { ...TINY, url: '../own/not-there.gguf' } } }))
  await search(page, 'worker memory')
  const byKeywords = await found(page)
  await page.click('.docs-rank button')
  await page.waitForFunction(() => /In the order of the keywords/.test(document.querySelector('.docs-state').textContent))
  assert.deepEqual(await found(page), byKeywords)
  await page.context().close()
})

test('after a visit of the demo the documentation works without a network', async () => {
  const own = await openDemo({ items: 12 })
  try {
    const page = await own.page({ serviceWorkers: 'allow' })
    await page.waitForFunction(() => document.querySelector('#offline-state').textContent === 'Works without a network.')
    await own.stopServer()
    await page.context().setOffline(true)
    // By the folder's address, as the demo links to it.
    await page.goto(`${own.url}docs/`)
    assert.match(await page.title(), /documentation/)
    await page.click('.docs-pages a[href="start.html"]')
    await page.waitForURL(/start\.html$/)
    await search(page, 'pagefind')
    assert.ok((await found(page)).includes('recipes.html#pagefind'))
    assert.deepEqual(page.observed.foreign, [])
  } finally {
    await own.close()
  }
})
