// Loading in every engine: where files are stored, a load that was cut, hashes, cancelling, and what is stored afterwards.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { add, BYTES, hashes, INTEGRITY, integrity, load, MODEL, QUICK, WEIGHTS } from '../browser/storage.mjs'
import { Host } from '../server/faulty.mjs'
import { ENGINE, openEngine, waitFor } from './harness.mjs'

const SLOW = { delay: 20 }
/** An abort ends a load at once; the rest is for a busy machine. */
const ABORT_MS = 1500

let browser
let page
/** What every load must give. */
let score
before(async () => {
  browser = await openEngine()
  page = await browser.page()
  score = (await load(page, '/models/tiny-tied', { cache: 'memory' })).ok.score
})
after(() => browser?.close())

const best = () => (browser.can.syncAccessHandles ? 'opfs' : browser.can.cacheApi ? 'cache-api' : 'memory')
const cache = (method, ...list) => page.evaluate(({ method, list }) => outcome(() => secondpass.cache[method](...list)), { method, list })
const stored = async (url) => (await cache('list')).ok.filter((file) => file.url.includes(url)).reduce((sum, file) => sum + file.stored, 0)

test('auto stores files in the best place that the engine has', async () => {
  const { ok, error } = await load(page, browser.host(new Host(MODEL)))
  assert.equal(ok?.info.storage, best(), error?.message)
  console.log(`${ENGINE}: stored in ${best()}`)
})

for (const storage of ['opfs', 'cache-api']) {
  test(`a second load from ${storage} sends no request, and works without the host`, async (t) => {
    if (storage === 'opfs' && !browser.can.syncAccessHandles) return t.skip('this engine gives workers no synchronous access to OPFS')
    const host = new Host(MODEL)
    const url = browser.host(host)
    const first = await load(page, url, { cache: storage, integrity: INTEGRITY })
    assert.deepEqual([first.ok?.score, first.ok?.info.storage], [score, storage], first.error?.message)
    assert.equal(host.total, BYTES)
    const { requests } = host
    host.faults = { reset: 1 }
    assert.equal((await load(page, url, { cache: storage })).ok?.score, score)
    assert.equal(host.requests, requests, 'not a single request')
    // Found by another page too, and it has the content that was sent.
    const other = await browser.page()
    assert.deepEqual(await hashes(other, url), INTEGRITY)
    await other.close()
  })
}

test('a storage that the engine does not have is an error, not another one', async (t) => {
  if (browser.can.syncAccessHandles) return t.skip('this engine has all of them')
  const { error } = await load(page, '/models/tiny-tied', { cache: 'opfs' })
  assert.equal(error?.name, 'SecondpassError')
  assert.match(error.message, /OPFS/)
})

test('a load whose page was closed goes on where it was', async () => {
  const host = new Host(MODEL, SLOW)
  const url = browser.host(host)
  const victim = await browser.page()
  await victim.evaluate(({ url, download }) => void secondpass.Reranker.load({ model: url, device: 'cpu', download }).catch(() => {}), { url, download: QUICK })
  while (host.total < BYTES / 2) await new Promise((done) => setTimeout(done, 5))
  await victim.close()
  // Its worker may live for a moment and still write.
  await waitFor(page, async () => (await navigator.locks.query()).held.length === 0)
  const kept = await stored(url)
  assert.ok(kept > 0 && kept < BYTES, `${kept} of ${BYTES} bytes were kept`)
  host.served = {}
  host.faults = {}
  const { ok, error } = await load(page, url, { integrity: INTEGRITY })
  assert.equal(ok?.score, score, error?.message)
  assert.equal(host.total, BYTES - kept)
  console.log(`${ENGINE}: ${kept} of ${BYTES} bytes were kept`)
})

test('a connection that breaks again and again ends with the right file', async () => {
  const host = new Host(MODEL, { cut: 0.3, short: 0.2, busy: 0.2 }, 7)
  const { ok, error } = await load(page, browser.host(host), { integrity: INTEGRITY, download: { ...QUICK, tries: 100, firstTries: 100, wrongTries: 100 } })
  assert.equal(ok?.score, score, error?.message)
})

test('a host without ranges works', async () => {
  const { ok, error } = await load(page, browser.host(new Host(MODEL, { noRanges: true })))
  assert.equal(ok?.score, score, error?.message)
})

test('another origin loads with CORS, and without it the error says what is missing', async () => {
  const [open, closed] = [new Host(MODEL, { cors: true }), new Host(MODEL)].map((host) => browser.url.replace('127.0.0.1', 'localhost') + browser.host(host))
  assert.equal((await load(page, open)).ok?.score, score)
  const { error } = await load(page, closed)
  assert.deepEqual([error?.name, error?.code], ['SecondpassError', 'cors'], error?.message)
})

test('a file that does not match its hash is refused and not kept', async () => {
  const url = browser.host(new Host(MODEL))
  const { error } = await load(page, url, { integrity: { ...INTEGRITY, [WEIGHTS]: integrity('something else') } })
  assert.deepEqual([error?.code, error?.status], ['integrity', 422], error?.message)
  assert.equal((await hashes(page, url))[WEIGHTS] ?? false, false)
  assert.equal((await load(page, url, { integrity: INTEGRITY })).ok?.score, score)
})

test('an abort ends a load at once, and the next one uses what was stored', async () => {
  const host = new Host(MODEL, SLOW)
  const url = browser.host(host)
  await page.evaluate(
    ({ url, download }) => {
      window.controller = new AbortController()
      window.aborted = outcome(() => secondpass.Reranker.load({ model: url, device: 'cpu', download }, { signal: window.controller.signal }))
    },
    { url, download: QUICK },
  )
  while (host.total < BYTES / 2) await new Promise((done) => setTimeout(done, 5))
  const { error, ms } = await page.evaluate(async () => {
    const start = performance.now()
    window.controller.abort()
    return { ...(await window.aborted), ms: performance.now() - start }
  })
  assert.equal(error?.name, 'AbortError')
  assert.ok(ms < ABORT_MS, `${ms} ms`)
  await waitFor(page, async () => (await navigator.locks.query()).held.length === 0)
  host.served = {}
  host.faults = {}
  assert.equal((await load(page, url)).ok?.score, score)
  assert.ok(host.total < BYTES, `${host.total} of ${BYTES} bytes were fetched again`)
})

test('stored files are listed, verified and deleted; add stores without loading', async () => {
  await cache('clear')
  const host = new Host(MODEL)
  const url = browser.host(host)
  assert.deepEqual(await add(page, url), { ok: true })
  assert.equal(host.total, BYTES)
  const names = Object.keys(MODEL).sort()
  assert.deepEqual(
    (await cache('list')).ok.map((file) => [file.url.split('/').pop(), file.bytes, file.stored, file.complete, file.storage]),
    names.map((name) => [name, MODEL[name].length, MODEL[name].length, true, best()]),
  )
  assert.deepEqual(await hashes(page, url), INTEGRITY)
  assert.equal((await load(page, url)).ok?.score, score)
  assert.equal(host.total, BYTES)
  assert.deepEqual((await cache('delete', url + WEIGHTS)).ok, 1)
  assert.deepEqual((await cache('clear')).ok, 2)
  assert.deepEqual((await cache('list')).ok, [])
})

test('a compressed file that is cut once is fetched again, whether or not the engine sees the cut', async () => {
  const host = new Host(MODEL, { gzip: true })
  const handle = host.handle.bind(host)
  let cuts = 0
  host.handle = (name, request, response) => {
    if (name !== WEIGHTS || cuts++ > 0) return handle(name, request, response)
    const body = gzipSync(MODEL[WEIGHTS])
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length })
    response.write(body.subarray(0, body.length / 2), () => setTimeout(() => response.destroy(), 50))
  }
  const { ok, error } = await load(page, browser.host(host))
  assert.equal(ok?.score, score, error?.message)
  assert.ok(cuts >= 2, `${cuts} requests for the weights`)
})
