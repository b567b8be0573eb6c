// Stored models: reuse, listing and verification, hashes, repair of damage, quota.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { findChromium } from '../../scripts/setup/chromium.mjs'
import { Host } from '../server/faulty.mjs'
import { FLAGS } from './harness.mjs'
import { BYTES, begin, damage as damageIn, INTEGRITY, integrity, load, MODEL, QUICK, WEIGHTS } from './storage.mjs'

let browser, page, score
before(async () => {
  ;({ browser, page, score } = await begin())
})
after(() => browser?.close())

const cache = (method, ...args) => page.evaluate(([method, args]) => outcome(() => secondpass.cache[method](...args)), [method, args])

const damage = (change) => damageIn(page, change)

test('a second load sends no request and works offline, with OPFS and with the Cache API', async () => {
  for (const storage of ['opfs', 'cache-api']) {
    const host = new Host(MODEL)
    const url = browser.host(host)
    const first = await load(page, url, { cache: storage })
    assert.equal(first.ok?.score, score, first.error?.message)
    assert.equal(first.ok.info.storage, storage)
    assert.equal(host.total, BYTES)
    const requests = host.requests
    const second = await load(page, url, { cache: storage })
    assert.equal(second.ok?.score, score)
    assert.equal(host.requests, requests, 'not a single request')
    host.faults = { reset: 1 }
    assert.equal((await load(page, url, { cache: storage })).ok?.score, score)
    // With `revalidate` the host is asked; if it cannot be reached, the stored files are used.
    assert.equal((await load(page, url, { cache: storage, revalidate: true })).ok?.score, score)
    host.faults = {}
    const before = host.total
    assert.equal((await load(page, url, { cache: storage, revalidate: true })).ok?.score, score)
    assert.ok(host.total - before <= 3, 'one byte of each file')
    console.log(`${storage}: first ${first.ok.loaded.toFixed(0)} ms, second ${second.ok.loaded.toFixed(0)} ms`)
  }
})

test('OPFS is the default, and memory storage keeps nothing', async () => {
  const url = browser.host(new Host(MODEL))
  assert.equal((await load(page, url)).ok?.info.storage, 'opfs')
  for (const none of ['memory', false]) {
    const host = new Host(MODEL)
    const url = browser.host(host)
    assert.equal((await load(page, url, { cache: none })).ok?.info.storage, 'memory')
    assert.equal((await load(page, url, { cache: none })).ok?.score, score)
    assert.equal(host.total, 2 * BYTES)
  }
})

test('without OPFS the Cache API is used, and without both memory', async () => {
  const url = browser.host(new Host(MODEL))
  // The APIs must be removed before the worker's own script runs; imports run in order.
  const storageWithout = (removal) =>
    page.evaluate(
      async ({ url, removal, download }) => {
        const script = (text) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }))
        const start = script(`import '${script(removal)}'; import '${location.origin}/dist/worker.js'`)
        const reranker = await secondpass.Reranker.load({ model: url, device: 'cpu', download, worker: () => new Worker(start, { type: 'module' }) })
        reranker.dispose()
        return reranker.info.storage
      },
      { url, removal, download: QUICK },
    )
  const noOpfs = 'Object.defineProperty(navigator.storage, "getDirectory", { value: () => Promise.reject(new DOMException("no", "SecurityError")) })'
  assert.equal(await storageWithout(noOpfs), 'cache-api')
  assert.equal(await storageWithout(`${noOpfs}; Object.defineProperty(self, "caches", { value: undefined })`), 'memory')
})

test('stored files are listed, verified and deleted', async () => {
  await cache('clear')
  const host = new Host(MODEL)
  const url = browser.host(host)
  await load(page, url)
  const { ok: listed } = await cache('list')
  assert.deepEqual(
    listed.map((f) => [f.url.split('/').pop(), f.bytes, f.stored, f.complete, f.storage]),
    Object.keys(MODEL)
      .sort()
      .map((name) => [name, MODEL[name].length, MODEL[name].length, true, 'opfs']),
  )
  const { ok: verified } = await cache('verify', url)
  assert.deepEqual(
    verified.map((f) => [f.ok, f.bad, f.integrity]),
    Object.keys(MODEL)
      .sort()
      .map((name) => [true, 0, INTEGRITY[name]]),
  )
  await damage({ flip: [100, QUICK.pieceBytes, QUICK.pieceBytes + 1] })
  const { ok: found } = await cache('verify', url + WEIGHTS)
  assert.deepEqual(
    found.map((f) => [f.ok, f.bad]),
    [[false, 2 * QUICK.pieceBytes]],
  )
  const before = host.total
  assert.equal((await load(page, url)).ok?.score, score)
  assert.equal(host.total - before, 2 * QUICK.pieceBytes)
  assert.deepEqual((await cache('delete', url + WEIGHTS)).ok, 1)
  assert.deepEqual((await cache('delete', url)).ok, 2)
  assert.deepEqual((await cache('list')).ok, [])
})

test('damage is detected on use, and only damaged pieces are fetched again', async () => {
  await cache('clear')
  const host = new Host(MODEL)
  const url = browser.host(host)
  for (const options of [{}, { integrity: INTEGRITY }]) {
    assert.equal((await load(page, url, options)).ok?.score, score)
    for (const [change, most] of [
      [{ flip: [200_000] }, 1],
      [{ flip: [5, 300_000] }, 2],
      [{ truncate: 600_000 }, 2],
      [{ truncate: 0 }, 20],
    ]) {
      await damage(change)
      const before = host.total
      const { ok, error } = await load(page, url, options)
      assert.equal(ok?.score, score, error?.message)
      const fetched = host.total - before
      assert.ok(fetched > 0 && fetched <= most * QUICK.pieceBytes, `${fetched} bytes for ${JSON.stringify(change)}`)
    }
    // Damaged files are not used offline either.
    await damage({ flip: [200_000] })
    host.faults = { reset: 1 }
    assert.equal((await load(page, url, options)).error?.code, 'network')
    host.faults = {}
    assert.equal((await load(page, url, options)).ok?.score, score)
  }
})

test('a file that does not match its hash is refused and not kept', async () => {
  const host = new Host(MODEL)
  const url = browser.host(host)
  assert.equal((await load(page, url, { integrity: INTEGRITY })).ok?.score, score)
  const requests = host.requests
  assert.equal((await load(page, url, { integrity: INTEGRITY[WEIGHTS] })).ok?.score, score)
  assert.equal(host.requests, requests)
  const { error } = await load(page, url, { integrity: integrity('something else') })
  assert.deepEqual([error?.code, error?.status], ['integrity', 422])
  assert.match(error.message, /sha256-.*sha256-/)
  // The mismatch leaves nothing behind, and the right hash loads again.
  assert.equal((await load(page, url, { integrity: INTEGRITY })).ok?.score, score)
  assert.equal((await load(page, url, { integrity: 'sha256-short' })).error?.code, 'invalid_request')
})

test('a changed file is downloaded again on revalidation', async () => {
  const host = new Host(MODEL)
  const url = browser.host(host)
  await load(page, url)
  const other = Buffer.from(MODEL[WEIGHTS])
  other.subarray(-2000).fill(0)
  host.change(WEIGHTS, other)
  assert.equal((await load(page, url)).ok?.score, score, 'without revalidation the stored file is used')
  const { ok } = await load(page, url, { revalidate: true })
  assert.notEqual(ok.score, score)
  assert.equal((await cache('verify', url + WEIGHTS)).ok[0].integrity, integrity(other))
})

test('a file that failed a load is revalidated by the next load', async () => {
  const host = new Host({ ...MODEL, [WEIGHTS]: MODEL[WEIGHTS].subarray(0, 100_000) })
  const url = browser.host(host)
  assert.equal((await load(page, url)).error?.code, 'invalid_weights')
  host.change(WEIGHTS, MODEL[WEIGHTS])
  assert.equal((await load(page, url)).ok?.score, score)
})

test('picked files and blobs load, with hashes', async () => {
  const result = await page.evaluate(async () => {
    const blob = async (name) => (await fetch(`/fixtures/gguf/${name}`)).blob()
    const [model, vision] = [new File([await blob('sees.gguf')], 'my model.gguf'), await blob('mmproj.gguf')]
    const digest = async (b) => `sha256-${btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', await b.arrayBuffer()))))}`
    const integrity = { model: await digest(model), vision: await digest(vision) }
    const score = async (options) => {
      const reranker = await secondpass.Reranker.load({ device: 'cpu', ...options })
      const { results } = await reranker.rerank({ query: 'q', documents: ['a document'] })
      reranker.dispose()
      return { score: results[0].relevance_score, info: reranker.info }
    }
    const url = await score({ model: '/fixtures/gguf/sees.gguf', vision: '/fixtures/gguf/mmproj.gguf' })
    const file = await score({ model, vision, integrity })
    const wrong = await outcome(() => score({ model, vision, integrity: integrity.vision }))
    return { url, file, wrong }
  })
  assert.equal(result.file.score, result.url.score)
  assert.deepEqual([result.file.info.storage, result.file.info.vision, result.file.info.model], ['file', true, 'my model.gguf'])
  assert.equal(result.wrong.error?.code, 'integrity')
})

test('progress events increase, are throttled and have a rate', async () => {
  const host = new Host(MODEL, { delay: 15 })
  const { ok } = await load(page, browser.host(host), { integrity: INTEGRITY })
  const seconds = ok.loaded / 1000
  const keys = [...new Set(ok.events.map((e) => `${e.stage} ${e.file ?? ''}`))]
  assert.ok(keys.includes(`download ${WEIGHTS}`) && keys.includes(`verify ${WEIGHTS}`), keys.join())
  for (const key of keys) {
    const events = ok.events.filter((e) => `${e.stage} ${e.file ?? ''}` === key)
    assert.ok(
      events.every((e, i) => i === 0 || e.loaded > events[i - 1].loaded),
      `${key} increases`,
    )
    assert.ok(
      events.every((e, i) => i === 0 || e.loaded === e.total || e.at - events[i - 1].at > 200),
      `${key} is throttled`,
    )
    assert.equal(events.at(-1).loaded, events.at(-1).total, key)
  }
  assert.ok(ok.events.some((e) => e.stage === 'download' && e.rate > 0))
  console.log(`${ok.events.length} events in ${seconds.toFixed(1)} s`)
})

test('a load that exceeds the quota is refused', async () => {
  // A profile on disk: a private window reports no usage before something is written.
  const profile = mkdtempSync(join(tmpdir(), 'secondpass-'))
  const context = await chromium.launchPersistentContext(profile, { executablePath: findChromium(), args: FLAGS, headless: true })
  try {
    const page = await context.newPage()
    await page.goto(`${browser.url}/pages/blank.html`)
    await page.waitForFunction('window.ready')
    const session = await context.newCDPSession(page)
    // Slow enough to tell an immediate refusal from a late one.
    const host = new Host(MODEL, { delay: 300 })
    const url = browser.host(host)
    await session.send('Storage.overrideQuotaForOrigin', { origin: browser.url, quotaSize: 300_000 })
    const { error } = await load(page, url)
    assert.deepEqual([error?.code, error?.status], ['storage_full', 507])
    assert.match(error.message, /no room/)
    // Only the part of the first response's body that arrived before the refusal was sent.
    assert.ok(host.total <= BYTES / 4, `${host.total} of ${BYTES} bytes were fetched`)
    console.log(`refused after ${host.requests} requests, ${host.total} bytes: ${error.message}`)
    host.faults = {}
    // Memory storage is not subject to the quota.
    assert.equal((await load(page, url, { cache: 'memory' })).ok?.score, score)
    await session.send('Storage.overrideQuotaForOrigin', { origin: browser.url })
    assert.equal((await load(page, url)).ok?.score, score)
  } finally {
    await context.close()
    rmSync(profile, { recursive: true, force: true })
  }
})
