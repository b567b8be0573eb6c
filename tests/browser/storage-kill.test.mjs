// Interrupted and concurrent downloads.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Host, random } from '../server/faulty.mjs'
import { add, BYTES, begin, hashes, INTEGRITY, load, MODEL, QUICK, WEIGHTS } from './storage.mjs'

/** `npm run test:storage` uses 50. */
const KILLS = Number(process.env.KILLS ?? 10)

let browser, page, score
before(async () => {
  ;({ browser, page, score } = await begin())
})
after(() => browser?.close())

/** Stored bytes of a model, as `cache.list()` reports them. */
const stored = async (url) => {
  const listed = await page.evaluate(() => secondpass.cache.list())
  return listed.filter((f) => f.url.includes(url)).reduce((sum, f) => sum + f.stored, 0)
}

/** Waits until no writer holds a lock: a terminated worker may live for a moment and still write. */
const writersGone = () =>
  page.evaluate(async () => {
    while ((await navigator.locks.query()).held.length > 0) await new Promise((done) => setTimeout(done, 5))
  })

/** Waits until a host has sent this many bytes. */
const sent = async (host, bytes) => {
  while (host.total < bytes) await new Promise((done) => setTimeout(done, 2))
}

test(`after each of ${KILLS} killed loads, the next one fetches only the missing bytes`, async () => {
  const totals = { workers: 0, pages: 0, kept: 0, fetched: 0, unfinished: 0 }
  for (let seed = 1; seed <= KILLS; seed++) {
    const draw = random(seed)
    const host = new Host(MODEL, { delay: 4 }, seed)
    const url = browser.host(host)
    const victim = seed % 2 ? await browser.page() : page
    await victim.evaluate(
      ({ url, download }) => {
        window.victim = undefined
        const worker = () => {
          // A terminated worker is replaced; this one is to be gone.
          if (window.victim) throw new Error('it was killed')
          return (window.victim = new Worker('/dist/worker.js', { type: 'module' }))
        }
        secondpass.Reranker.load({ model: url, device: 'cpu', download, worker }).catch(() => {})
      },
      { url, download: QUICK },
    )
    await sent(host, draw() * BYTES)
    if (victim !== page) {
      totals.pages++
      await victim.close()
    } else {
      totals.workers++
      await page.evaluate(() => window.victim.terminate())
    }
    await writersGone()
    const kept = await stored(url)
    host.served = {}
    host.faults = {}
    const options = seed % 3 ? {} : { integrity: INTEGRITY }
    // Every fifth seed also loads the model and scores.
    const { ok, error } = seed % 5 ? await add(page, url, options) : await load(page, url, options)
    assert.equal(seed % 5 ? ok && score : ok?.score, score, `seed ${seed}: ${error?.message}`)
    assert.deepEqual(await hashes(page, url), INTEGRITY, `seed ${seed}`)
    assert.equal(host.total, BYTES - kept, `seed ${seed}: ${kept} bytes were stored, ${host.total} fetched`)
    totals.kept += kept
    totals.fetched += host.total
    totals.unfinished += kept < BYTES ? 1 : 0
  }
  console.log(
    `${totals.workers} workers and ${totals.pages} pages killed, ${totals.unfinished} of them in mid-load: ` +
      `${totals.kept} bytes were kept, ${totals.fetched} fetched again of ${KILLS * BYTES}`,
  )
  assert.ok(totals.unfinished > KILLS / 3, 'kills came too late to be conclusive')
  assert.ok(totals.kept > (KILLS * BYTES) / 10, 'kills came too early to be conclusive')
})

test('an abort ends a load within 100 ms, and the stored bytes are used by the next one', async () => {
  const times = []
  for (let seed = 1; seed <= 10; seed++) {
    const host = new Host(MODEL, { delay: 6 }, seed)
    const url = browser.host(host)
    await page.evaluate(
      ({ url, download }) => {
        window.controller = new AbortController()
        window.aborting = outcome(() => secondpass.Reranker.load({ model: url, device: 'cpu', download }, { signal: window.controller.signal }))
      },
      { url, download: QUICK },
    )
    await sent(host, 0.8 * random(seed)() * BYTES)
    const { error, took } = await page.evaluate(async () => {
      const at = performance.now()
      window.controller.abort()
      const { error } = await window.aborting
      return { error, took: performance.now() - at }
    })
    assert.equal(error?.name, 'AbortError')
    times.push(took)
    await writersGone()
    const kept = await stored(url)
    host.served = {}
    host.faults = {}
    assert.ok((await add(page, url)).ok)
    assert.equal(host.total, BYTES - kept)
  }
  console.log(`aborted within ${Math.max(...times).toFixed(0)} ms (${times.map((t) => t.toFixed(0)).join(', ')})`)
  assert.ok(Math.max(...times) < 100)
})

test('two tabs share one download', async () => {
  const host = new Host(MODEL, { delay: 4 })
  const url = browser.host(host)
  const other = await browser.page()
  const both = await Promise.all([load(page, url), load(other, url)])
  assert.deepEqual(
    both.map((r) => r.ok?.score),
    [score, score],
    JSON.stringify(both.map((r) => r.error)),
  )
  assert.equal(host.total, BYTES)
  // Both can read the stored files at the same time.
  const again = await Promise.all([load(page, url), load(other, url)])
  assert.deepEqual(
    again.map((r) => r.ok?.score),
    [score, score],
  )
  assert.equal(host.total, BYTES)
  await other.close()
})

test("a tab that waits for another tab's download reports its progress", async () => {
  // Slow enough for several progress events, even on a busy machine.
  const host = new Host(MODEL, { delay: 200 })
  const url = browser.host(host)
  const other = await browser.page()
  const first = add(other, url)
  await sent(host, BYTES / 10)
  const seen = await page.evaluate(
    async ({ url, download }) => {
      const seen = []
      await secondpass.cache.add({ model: url, download }, { onProgress: (event) => event.stage === 'download' && seen.push(event) })
      return seen
    },
    { url, download: QUICK },
  )
  assert.ok((await first).ok)
  assert.equal(host.total, BYTES)
  const loaded = seen.filter(({ file }) => file === WEIGHTS).map(({ loaded }) => loaded)
  assert.ok(
    loaded.some((n) => n > 0 && n < host.served[WEIGHTS]),
    `seen: ${loaded}`,
  )
  assert.deepEqual(
    loaded,
    [...loaded].sort((a, b) => a - b),
  )
  await other.close()
})

test('a waiting tab takes over when the downloading tab is closed', async () => {
  const host = new Host(MODEL, { delay: 8 })
  const url = browser.host(host)
  const first = await browser.page()
  first
    .evaluate(
      ({ url, download }) => {
        secondpass.Reranker.load({ model: url, device: 'cpu', download })
      },
      { url, download: QUICK },
    )
    .catch(() => {})
  while (!(host.served[WEIGHTS] > 100_000)) await new Promise((done) => setTimeout(done, 10))
  const second = load(page, url)
  await new Promise((done) => setTimeout(done, 200))
  await first.close()
  assert.equal((await second).ok?.score, score)
  assert.ok(host.total < 1.5 * BYTES, `${host.total} of ${BYTES}`)
})
