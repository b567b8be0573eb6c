// The service-worker route in a browser: whatever a handler, a page or a client does, the client gets an answer, and work that
// nobody waits for is stopped.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from '../browser/harness.mjs'
import { beside, bundle } from './harness.mjs'

let browser
let origin
before(async () => {
  browser = await open()
  const scripts = { '/route.js': bundle('route.js'), '/sw.js': bundle('route-worker.js') }
  origin = await beside(browser.url, (path) => scripts[path] && new Response(scripts[path], { headers: { 'content-type': 'text/javascript' } }))
})
after(async () => {
  await browser?.close()
  await origin?.close()
})

/** A page that the service worker controls. */
async function controlled() {
  const page = await browser.context.newPage()
  page.setDefaultTimeout(60_000)
  await page.goto(`${origin.url}/pages/blank.html`)
  await page.addScriptTag({ type: 'module', url: '/route.js' })
  await page.waitForFunction('window.bundled')
  await page.evaluate(async () => {
    await navigator.serviceWorker.register('/sw.js', { type: 'module' })
    await navigator.serviceWorker.ready
    if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }))
    window.asking = async (signal) => {
      const response = await fetch('/v1/rerank', { method: 'POST', body: '{}', ...(signal && { signal }) })
      return { status: response.status, text: await response.text() }
    }
  })
  return page
}

test('a handler that fails in any way leaves no client waiting', async () => {
  const page = await controlled()
  const seen = await page.evaluate(async () => {
    const broken = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            controller.error(new Error('cut'))
          },
        }),
      )
    const handlers = {
      throws: () => {
        throw new Error('own')
      },
      rejects: () => Promise.reject(null),
      nothing: async () => undefined,
      error: () => Response.error(),
      empty: () => new Response(null, { status: 204 }),
      reset: () => new Response(null, { status: 205 }),
      unmodified: () => new Response(null, { status: 304 }),
      broken,
      fine: () => new Response('fine', { status: 201 }),
    }
    const seen = {}
    for (const [name, handler] of Object.entries(handlers)) {
      const stop = serveRerankRoute(handler)
      seen[name] = await Promise.race([asking(), new Promise((done) => setTimeout(done, 5000, 'no answer'))])
      stop()
    }
    return seen
  })
  const statuses = Object.fromEntries(Object.entries(seen).map(([name, answer]) => [name, answer.status]))
  assert.deepEqual(statuses, { throws: 500, rejects: 500, nothing: 500, error: 502, empty: 204, reset: 205, unmodified: 304, broken: 500, fine: 201 })
  assert.match(seen.throws.text, /The handler failed: own/)
  await page.close()
})

test('a page that closes in the middle of a request leaves no client waiting', async () => {
  const [serving, asking] = [await controlled(), await controlled()]
  await serving.evaluate(() => {
    window.taken = new Promise((taken) => serveRerankRoute(() => (taken(), new Promise(() => {}))))
  })
  const answer = asking.evaluate(() => window.asking())
  await serving.evaluate(() => window.taken)
  await serving.close()
  const { status, text } = await answer
  assert.deepEqual([status, /No open page/.test(text)], [503, true])
  await asking.close()
})

/** A page that serves requests without ever answering them. */
async function hanging() {
  const serving = await controlled()
  await serving.evaluate(() => {
    window.taken = new Promise((taken) => {
      window.stopped = new Promise((stopped) => {
        serveRerankRoute(({ signal }) => {
          taken()
          signal.addEventListener('abort', () => stopped(signal.reason.name))
          return new Promise(() => {})
        })
      })
    })
  })
  return { serving, stopped: () => serving.evaluate(() => Promise.race([window.stopped, new Promise((done) => setTimeout(done, 10_000, 'it goes on'))])) }
}

test('a client whose page closes stops the work', async () => {
  const { serving, stopped } = await hanging()
  const asking = await controlled()
  await asking.evaluate(() => void window.asking().catch(() => {}))
  await serving.evaluate(() => window.taken)
  await asking.close()
  assert.equal(await stopped(), 'AbortError')
  await serving.close()
})

test('a fetch that is given up ends at once, and the work where the browser tells the service worker', async (t) => {
  const { serving, stopped } = await hanging()
  const asking = await controlled()
  const cut = asking.evaluate(async () => {
    window.controller = new AbortController()
    return (await outcome(() => window.asking(window.controller.signal))).error?.name
  })
  await serving.evaluate(() => window.taken)
  await asking.evaluate(() => window.controller.abort())
  assert.equal(await cut, 'AbortError')
  const end = await stopped()
  if (end === 'it goes on') t.diagnostic('this browser does not tell the service worker')
  else assert.equal(end, 'AbortError')
  await asking.close()
  assert.equal(await stopped(), 'AbortError')
  await serving.close()
})
