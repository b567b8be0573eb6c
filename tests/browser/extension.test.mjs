// examples/extension in Chromium: loaded as an extension, with a small model beside it, its popup ranks the tabs that are open.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { Reranker } from 'secondpass'
import { ROOT } from '../../scripts/lib.mjs'
import { findChromium } from '../../scripts/setup/chromium.mjs'
import { startServer } from '../server/server.mjs'
import { FLAGS } from './harness.mjs'

const EXAMPLE = join(ROOT, 'examples', 'extension')
const MODEL = join(ROOT, 'tests', 'fixtures', 'text', 'tiny-tied')
const TITLES = ['Paris is in France.', 'Jupiter is large.', 'Mars is red.']

let folder
let server
let context
let popup
let address
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secondpass-extension-'))
  server = await startServer()
  // As its build leaves it, with the package from here and a model in the place of the one on the hub.
  await import(pathToFileURL(join(EXAMPLE, 'build.mjs')))
  const extension = join(folder, 'extension')
  cpSync(join(EXAMPLE, 'dist'), extension, { recursive: true })
  for (const file of ['config.json', 'tokenizer.json', 'model.safetensors']) cpSync(join(MODEL, file), join(extension, 'model', file))
  writeFileSync(join(extension, 'model.js'), "export const MODEL = chrome.runtime.getURL('model/')\n")
  context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: findChromium(),
    headless: true,
    ignoreDefaultArgs: ['--disable-extensions'],
    args: [...FLAGS, `--disable-extensions-except=${extension}`, `--load-extension=${extension}`],
  })
  context.setDefaultTimeout(60_000)
  const [worker] = context.serviceWorkers().length > 0 ? context.serviceWorkers() : [await context.waitForEvent('serviceworker')]
  address = new URL('/popup.html', worker.url()).href
  for (const title of TITLES) {
    const page = await context.newPage()
    await page.goto(`${server.url}/pages/blank.html?${encodeURIComponent(title)}`)
    await page.evaluate((title) => {
      document.title = title
    }, title)
  }
  popup = await context.newPage()
  await popup.goto(address)
})
after(async () => {
  await context?.close()
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
  rmSync(join(EXAMPLE, 'dist'), { recursive: true, force: true })
})

/** Searches, and gives the lines once they are ranked. */
async function search(query) {
  await popup.locator('input').fill(query)
  await popup.locator('input').press('Enter')
  await popup
    .locator('li', { hasText: /\(\d\.\d{3}\)/ })
    .first()
    .waitFor()
  return popup.locator('li').allTextContents()
}

test('the popup ranks the open tabs with the model of the offscreen document', async () => {
  const before = await popup.locator('li').allTextContents()
  assert.deepEqual(before.toSorted?.() ?? [...before].sort(), [...TITLES].sort())
  await popup.evaluate(() => {
    window.statuses = []
    new MutationObserver(() => window.statuses.push(document.querySelector('[role=status]').textContent)).observe(document.body, {
      childList: true,
      subtree: true,
    })
  })
  const shown = await search('a red planet')
  const statuses = await popup.evaluate(() => window.statuses)
  assert.ok(
    statuses.some((text) => /\(\d+ %\)$/.test(text)),
    `no progress was shown: ${statuses.join('; ')}`,
  )
  assert.equal(await popup.locator('[role=status]').textContent(), 'Best first.')

  const reranker = await Reranker.load({ model: MODEL, device: 'cpu' })
  const { results } = await reranker.rerank({
    query: 'a red planet',
    documents: TITLES.map((title) => `${title}\n${server.url}/pages/blank.html?${encodeURIComponent(title)}`),
  })
  reranker.dispose()
  const scored = shown.map((line) => /^(.*) \((\d\.\d{3})\)$/.exec(line).slice(1))
  assert.deepEqual(
    scored.map(([title]) => title),
    results.map(({ index }) => TITLES[index]),
  )
  scored.forEach(([, score], i) => assert.ok(Math.abs(score - results[i].relevance_score) < 0.0006, `${score} is not ${results[i].relevance_score}`))
})

test('a popup that is closed and opened again finds the model loaded, in the one offscreen document', async () => {
  await popup.close()
  popup = await context.newPage()
  await popup.goto(address)
  await popup.evaluate(() => {
    window.statuses = []
    new MutationObserver(() => window.statuses.push(document.querySelector('[role=status]').textContent)).observe(document.body, {
      childList: true,
      subtree: true,
    })
  })
  await search('rings')
  assert.deepEqual(await popup.evaluate(() => window.statuses.filter((text) => /%/.test(text))), [])
  const documents = await popup.evaluate(() => chrome.runtime.getContexts({ contextTypes: ['OFFSCREEN_DOCUMENT'] }))
  assert.equal(documents.length, 1)
})

test('two searches in a row have one port, and the newer one is answered', async () => {
  await popup.reload()
  const { opened, names } = await popup.evaluate(async () => {
    const names = []
    const connect = chrome.runtime.connect
    chrome.runtime.connect = (options) => (names.push(options.name), connect.call(chrome.runtime, options))
    const form = document.querySelector('form')
    form.elements.query.value = 'a red planet'
    form.requestSubmit()
    form.requestSubmit()
    const status = document.querySelector('[role=status]')
    while (status.textContent !== 'Best first.') await new Promise((done) => setTimeout(done, 20))
    return { names, opened: (await chrome.runtime.getContexts({ contextTypes: ['OFFSCREEN_DOCUMENT'] })).length }
  })
  assert.deepEqual([opened, names], [1, ['rerank']])
})

test('a model that the browser has closed is said to be, and the next search opens it again', async () => {
  await popup.evaluate(() => chrome.offscreen.closeDocument())
  await popup.locator('[role=status]', { hasText: 'The model was closed. Search again.' }).waitFor()
  await search('a red planet')
  await popup.locator('[role=status]', { hasText: 'Best first.' }).waitFor()
})

test('no file of the extension imports dynamically or makes code of text, which the stores refuse', () => {
  const scripts = readdirSync(join(folder, 'extension'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'))
  assert.ok(scripts.length > 5)
  for (const file of scripts) {
    const text = readFileSync(join(folder, 'extension', file), 'utf8')
    const found = /\bimport\s*\(|\beval\s*\(|\bnew Function\s*\(/.exec(text)
    assert.equal(found?.[0], undefined, file)
  }
})
