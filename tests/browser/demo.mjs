// Test harness for the built demo: a static server under a sub-path and a browser. The gallery is small, so that a test takes seconds.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { DEMO } from '../../scripts/build.mjs'
import { ROOT } from '../../scripts/lib.mjs'
import { listen, serveFile } from '../../scripts/serve.mjs'
import { findChromium } from '../../scripts/setup/chromium.mjs'
import { FLAGS } from './harness.mjs'

const WEIGHTS = /\/model\/.+\.(gguf|safetensors)$/
const OWN_WEIGHTS = /\/own\/.+\.safetensors$/
/** Models other than the demo's, at `own/…`. */
const OWN = join(ROOT, 'tests', 'fixtures', 'text')
const PREFIX = '/some/where/'

/** The description of the demo's model that the build wrote. */
export const demoModel = () => JSON.parse(readFileSync(join(DEMO, 'model', 'demo.json'), 'utf8'))

/**
 * A server. `items`: pictures in the gallery (all if absent). `redirects`: the host sends `index.html` to its folder. `prelude` is put
 * at the start of the page. The state's `weights` may be set to `hang` or `fail` at any time, `own` to `hang`, and `missing` to what
 * the path of a file that is not served matches; `sent` counts bytes.
 */
export async function serveDemo({ items, redirects = false, prelude = '' } = {}) {
  const state = { weights: 'serve', own: 'serve', redirects, prelude, sent: 0, missing: undefined }
  const server = await listen((request, response) => answer(request, response, state, items), 0, true)
  const close = () =>
    new Promise((done) => {
      server.closeAllConnections()
      server.close(done)
    })
  return { url: `http://127.0.0.1:${server.address().port}${PREFIX}`, state, close }
}

/** Such a server and a browser. `page(options, { path })` opens the demo in a new browser context, at the pictures if no path is given. */
export async function openDemo(options) {
  const { url, state, close } = await serveDemo(options)
  const browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS, headless: true })

  async function page(options = {}, { path = '#pictures' } = {}) {
    const context = await browser.newContext({ serviceWorkers: 'block', ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(240_000)
    const observed = { errors: [], foreign: [] }
    context.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) observed.foreign.push(request.url())
    })
    page.on('console', (message) => message.type() === 'error' && observed.errors.push(message.text()))
    page.on('pageerror', (error) => observed.errors.push(error.message))
    await page.goto(url + path)
    return Object.assign(page, { observed })
  }
  return { url, state, page, stopServer: close, close: () => Promise.all([browser.close(), close()]) }
}

function answer(request, response, state, items) {
  // The request's: a response loses its own when the browser has gone.
  const { socket } = request
  const before = socket.bytesWritten
  response.on('close', () => {
    state.sent += socket.bytesWritten - before
  })
  const { pathname } = new URL(request.url, 'http://localhost')
  if (!pathname.startsWith(PREFIX)) return response.writeHead(404).end()
  if (state.redirects && pathname.endsWith('/index.html')) return response.writeHead(308, { location: pathname.replace(/index\.html$/, '') }).end()
  if (state.missing?.test(pathname)) return response.writeHead(503).end()
  if (OWN_WEIGHTS.test(pathname) && state.own === 'hang') return
  if (WEIGHTS.test(pathname) && state.weights === 'hang') return
  if (WEIGHTS.test(pathname) && state.weights === 'fail') return response.writeHead(503).end()
  if (pathname.endsWith('/gallery.json') && items) return response.writeHead(200, { 'content-type': 'application/json' }).end(smallGallery(items))
  request.url = request.url.slice(PREFIX.length - 1)
  if (request.url.startsWith('/own/')) {
    request.url = request.url.slice('/own'.length)
    if (serveFile(OWN, request, response)) return
  }
  if (state.prelude && /^\/(index\.html)?$/.test(pathname.slice(PREFIX.length - 1))) return response.end(withPrelude(state.prelude))
  if (!serveFile(DEMO, request, response, { compress: true })) response.writeHead(404).end('not found')
}

const withPrelude = (prelude) => readFileSync(join(DEMO, 'index.html'), 'utf8').replace(/<!doctype html>/i, (doctype) => doctype + prelude)

function smallGallery(count) {
  const gallery = JSON.parse(readFileSync(join(DEMO, 'gallery', 'gallery.json'), 'utf8'))
  const wanted = gallery.items.filter(({ name }) => ['scissors', 'newspaper', 'umbrella', 'camera'].includes(name))
  const others = gallery.items.filter((item) => !wanted.includes(item)).slice(0, count - wanted.length)
  // `rows` keeps the size of the sprite sheet, which the page otherwise derives from the number of pictures.
  return JSON.stringify({ ...gallery, rows: Math.ceil(gallery.items.length / gallery.columns), items: [...others, ...wanted] })
}

/** Selector of the open tab's panel. */
export const OPEN = '.search-panel:not([hidden])'

/** Waits until the reranking pass has shown its numbers. */
export const reranked = (page) => page.waitForSelector(`${OPEN} .numbers:not(.stale):visible`)

/** Shows what the second list leaves out: pictures that are more likely wrong than right, and those behind the first. */
export async function showAll(page) {
  const more = page.locator(`${OPEN} .more`)
  if (await more.isVisible()) await more.click()
}

/** The names in a column, in order. */
export const names = (page, column) => page.$$eval(`${OPEN} .${column} .name`, (all) => all.map((name) => name.textContent))

/** The scores of the reranked column, in order. */
export const scores = async (page) =>
  (await page.$$eval(`${OPEN} .after .card.scored .score`, (all) => all.map((score) => score.title))).map((title) => Number(title.replace('relevance ', '')))

/** Drops files with the events of a real drag; each is `{ name, type, bytes }`, bytes in base64. */
export async function drop(page, files, zone = 'add') {
  await page.evaluate(
    async ({ files, zone }) => {
      const transfer = new DataTransfer()
      for (const { name, type, bytes } of files) transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }))
      const send = (kind, target) => target.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }))
      send('dragenter', document.body)
      const target = document.querySelector(`[data-zone=${zone}]`)
      send('dragover', target)
      send('drop', target)
    },
    { files, zone },
  )
}
