// Chromium for the projects: the model's address on the Hugging Face hub is answered with a tiny fixture, so that the examples run as they stand.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { ROOT } from '../../../scripts/lib.mjs'
import { ensureChromium } from '../../../scripts/setup/chromium.mjs'
import { serveFolder } from './projects.mjs'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'
/** The address of the package on a CDN, up to its version. */
export const CDN = 'https://cdn.jsdelivr.net/npm/secondpass@'
const FIXTURE = readFileSync(join(ROOT, 'tests', 'fixtures', 'gguf', 'mixed.gguf'))
const TIMEOUT_MS = 120_000
/** Scores are shown with three digits. */
const SHOWN_PRECISION = 0.0006

export async function openBrowser() {
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: ['--no-sandbox'], headless: true })
  /** A page with an empty storage of its own. `hasModel` says whether the hub has the model; requests to other hosts fail. */
  const newPage = async (hasModel = async () => true, onForeignRequest = () => {}) => {
    const context = await browser.newContext()
    context.setDefaultTimeout(TIMEOUT_MS)
    await context.route(isForeign, async (route) => {
      const url = route.request().url()
      if (url === MODEL) return fulfill(route, await hasModel())
      if (url.startsWith(CDN)) return fulfillFromPackage(route)
      onForeignRequest(url)
      return route.abort()
    })
    return context.newPage()
  }
  return { newPage, close: () => browser.close() }
}

const isForeign = ({ protocol, hostname }) => protocol.startsWith('http') && hostname !== '127.0.0.1'

/** Gives a page to a check. Exceptions in the page, responses that report an error, and requests to other hosts than the hub fail it. */
export async function visit({ newPage }, check, hasModel) {
  const errors = []
  const page = await newPage(hasModel, (url) => errors.push(`a request to ${url}`))
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('response', (response) => {
    if (response.status() >= 400 && response.url() !== MODEL) errors.push(`${response.status()} ${response.url()}`)
  })
  try {
    const value = await check(page)
    assert.deepEqual(errors, [])
    return value
  } finally {
    await page.context().close()
  }
}

/** Answers as a CDN does: to every page. */
function fulfillFromPackage(route) {
  const path = fileURLToPath(new URL(new URL(route.request().url()).pathname.split('/dist/')[1], import.meta.resolve('secondpass')))
  return route.fulfill({
    path,
    headers: { 'access-control-allow-origin': '*', 'content-type': path.endsWith('.wasm') ? 'application/wasm' : 'text/javascript' },
  })
}

/** Answers as the hub does, with ranges, or with 404. */
function fulfill(route, found) {
  const headers = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'content-range, etag', 'accept-ranges': 'bytes', etag: '"fixture"' }
  if (!found) return route.fulfill({ status: 404, headers })
  const range = /^bytes=(\d+)-(\d*)$/.exec(route.request().headers().range ?? '')
  if (!range) return route.fulfill({ status: 200, headers, body: FIXTURE })
  const start = Number(range[1])
  const end = Math.min(range[2] === '' ? Number.POSITIVE_INFINITY : Number(range[2]), FIXTURE.length - 1)
  return route.fulfill({
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${FIXTURE.length}` },
    body: FIXTURE.subarray(start, end + 1),
  })
}

/** What a page logs as JSON. */
export function logged(browser, url) {
  return visit(browser, async (page) => {
    const json = page.waitForEvent('console', (message) => message.text().startsWith('{'))
    const [message] = await Promise.all([json, page.goto(url)])
    return JSON.parse(message.text())
  })
}

/** Scores documents with the package alone, without any project around it: `score(query, documents)`. */
export async function openReference({ newPage }) {
  const dist = dirname(fileURLToPath(import.meta.resolve('secondpass')))
  const server = await serveFolder(dist)
  const page = await newPage()
  // The browser shows a script as text: a page of this origin that runs nothing.
  await page.goto(`${server.url}/index.js`)
  await page.evaluate(async (model) => {
    const { Reranker } = await import('/index.js')
    window.reranker = await Reranker.load({ model, device: 'cpu' })
  }, MODEL)
  const score = (query, documents) =>
    page.evaluate(
      async (request) => {
        const { results } = await window.reranker.rerank(request)
        return request.documents.map((_, i) => results.find(({ index }) => index === i).relevance_score)
      },
      { query, documents },
    )
  return { score, close: server.close }
}

/**
 * Uses an example as a person does: a search while the model cannot be had, which must say so, and another one. Gives the query
 * and the list's lines as title and score, before the model was loaded and after.
 */
export async function searchTwice(browser, url) {
  let found = false
  const gate = { open: () => {} }
  const model = async () => {
    if (found) await gate.opened
    return found
  }
  const use = async (page) => {
    await page.goto(url)
    // By the example's own elements: development servers add theirs.
    const status = page.locator('p[role=status]')
    const submit = () => page.locator('form button').click()
    await page.evaluate(() => {
      window.statuses = []
      new MutationObserver(() => window.statuses.push(document.querySelector('[role=status]')?.textContent)).observe(document.body, {
        childList: true,
        characterData: true,
        subtree: true,
      })
    })
    await submit()
    await status.filter({ hasText: 'was not found' }).waitFor()
    found = true
    gate.opened = new Promise((resolve) => {
      gate.open = resolve
    })
    await submit()
    const before = await lines(page)
    gate.open()
    await finished(status)
    const statuses = await page.evaluate(() => window.statuses)
    assert.ok(
      statuses.some((text) => /^(Fetching|Checking|Moving|Warming) .*\(\d+ %\)$/.test(text)),
      `no progress was shown: ${statuses.join('; ')}`,
    )
    return { query: await page.locator('form input').inputValue(), before, after: await lines(page) }
  }
  return visit(browser, use, model)
}

async function finished(status) {
  try {
    await status.filter({ hasText: 'Best first.' }).waitFor()
  } catch (error) {
    throw new Error(`The search did not end; the page says "${await status.textContent()}".`, { cause: error })
  }
}

async function lines(page) {
  const texts = await page.locator('ol > li').allTextContents()
  return texts.map((text) => {
    const [, title, score] = /^(.*?)(?: \((\d\.\d{3})\))?$/.exec(text.trim())
    return { title, score: score === undefined ? undefined : Number(score) }
  })
}

/** The list must be in the order of these scores, best first, and show them. */
export function assertOrder(shown, scores) {
  const best = [...scores].sort(([, a], [, b]) => b - a).slice(0, shown.length)
  assert.deepEqual(
    shown.map(({ title }) => title),
    best.map(([title]) => title),
  )
  shown.forEach(({ title, score }) =>
    assert.ok(Math.abs(score - scores.get(title)) < SHOWN_PRECISION, `${title}: ${score} is shown, ${scores.get(title)} expected`),
  )
}
