// One browser per test file, of the engine that ENGINE names, and a fresh page per test. A driver in drivers/ starts the browser:
//
//   launch()       → { version, newPage(), close(), prelude }; `prelude` is HTML that the driver wants at the start of every page
//   newPage()      → a page:
//     goto(url)            opens an address and waits until it is loaded
//     evaluate(work, x)    calls a function without a closure with one argument, waits, and gives the result; both travel as JSON
//     errors()             a promise of what the page wrote to console.error, and of what it did not catch
//     screenshot()         PNG
//     close()
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer } from '../server/server.mjs'
import { capabilitiesIn } from './capabilities.mjs'

export const ENGINE = process.env.ENGINE ?? 'chromium'
const PAGES = join(dirname(fileURLToPath(import.meta.url)), 'pages')
const BLANK = '/pages/blank.html'

/** A server and a browser. `folders` are served too, each under its name. */
export async function openEngine({ folders = {}, engine = ENGINE } = {}) {
  const { launch } = await import(`./drivers/${engine}.mjs`)
  const browser = await launch()
  const server = await startServer({ folders: { ...folders, engines: PAGES }, prelude: browser.prelude })
  /** Opens a path of the server, or an address. */
  const page = async (path = BLANK) => {
    const page = await browser.newPage()
    await page.goto(new URL(path, server.url).href)
    if (path === BLANK) await waitFor(page, () => window.ready)
    return page
  }
  /** Registers a host on the server and returns its path. */
  const host = (host) => {
    const id = `h${server.hosts.size}`
    server.hosts.set(id, host)
    return `/host/${id}/`
  }
  const first = await page()
  const can = await capabilitiesIn(first)
  await first.close()
  const close = async () => {
    await browser.close()
    await server.close()
  }
  return { url: server.url, version: browser.version, prelude: browser.prelude, can, page, host, close }
}

/** Asks a page until the answer is truthy, and gives it. */
export async function waitFor(page, ask, argument, ms = 60_000) {
  for (const start = Date.now(); Date.now() - start < ms; ) {
    const answer = await page.evaluate(ask, argument)
    if (answer) return answer
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`not within ${ms} ms: ${ask}`)
}
