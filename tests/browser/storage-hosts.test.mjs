// Peculiarities of hosts: redirects, compression, hidden headers, weak validators; and models of several files.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { Host } from '../server/faulty.mjs'
import { BYTES, begin, damage, INTEGRITY, integrity, load, MODEL, QUICK, shards, WEIGHTS } from './storage.mjs'

const { [WEIGHTS]: weights, ...SMALL } = MODEL
const gguf = (name) => readFileSync(join(ROOT, 'tests', 'fixtures', 'gguf', name))

let browser, page, score
before(async () => {
  ;({ browser, page, score } = await begin())
})
after(() => browser?.close())

const elsewhere = (path) => browser.url.replace('127.0.0.1', 'localhost') + path
const clear = () => page.evaluate(() => secondpass.cache.clear())

/** A worker script that reports this quota, since the real one cannot be controlled. */
function workerWithQuota(quota) {
  const scripts = {
    'quota.js': `navigator.storage.estimate = async () => ({ quota: ${quota}, usage: 0 })`,
    'worker.js': "import './quota.js'; import '/dist/worker.js'",
  }
  const handle = (name, _, response) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(scripts[name])
  return `${browser.url}${browser.host({ handle })}worker.js`
}

test('a URL of the own origin may redirect to another origin', async () => {
  const host = new Host(MODEL, { away: true, cut: 0.3 })
  const url = browser.host(host)
  host.elsewhere = elsewhere(url)
  const { ok, error } = await load(page, url, { integrity: INTEGRITY })
  assert.equal(ok?.score, score, error?.message)
  assert.deepEqual(
    host.log.filter((line) => line.startsWith('OPTIONS')),
    [],
    'no preflight',
  )
  // The target does not send CORS headers.
  const withoutCors = browser.host(new Host(MODEL))
  const redirecting = browser.host({ handle: (name, _, response) => response.writeHead(302, { location: elsewhere(withoutCors) + name }).end() })
  assert.equal((await load(page, redirecting)).error?.code, 'cors')
})

test('hosts that compress everything or hide Content-Range', async () => {
  for (const cors of [false, true]) {
    const host = new Host(MODEL, { gzip: true, cors })
    const path = browser.host(host)
    const { ok, error } = await load(page, cors ? elsewhere(path) : path, { integrity: INTEGRITY })
    assert.equal(ok?.score, score, `${cors ? 'another origin' : 'our own'}: ${error?.message}`)
  }
  const hidden = new Host(MODEL, { cors: true, hidden: true })
  const { ok, error } = await load(page, elsewhere(browser.host(hidden)), { integrity: INTEGRITY })
  assert.equal(ok?.score, score, error?.message)
})

test('occasionally weak validators and ranges that are shorter than requested', async () => {
  let asked = 0
  const handle = (name, request, response) => {
    const bytes = MODEL[name]
    if (!bytes) return response.writeHead(404).end()
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range).map(Number)
    const last = Math.min(to || Infinity, bytes.length - 1, from + 49_999)
    const etag = asked++ % 2 ? 'W/"x"' : '"x"'
    response.writeHead(206, { etag, 'content-length': last - from + 1, 'content-range': `bytes ${from}-${last}/${bytes.length}` })
    response.end(bytes.subarray(from, last + 1))
  }
  const { ok, error } = await load(page, browser.host({ handle }), { integrity: INTEGRITY })
  assert.equal(ok?.score, score, error?.message)
})

test('damaged pieces are repaired by the load that finds them, on a host without ranges', async () => {
  await clear()
  const url = browser.host(new Host(MODEL, { noRanges: true }))
  assert.equal((await load(page, url)).ok?.score, score)
  await damage(page, { flip: [200_000] })
  const { ok, error } = await load(page, url)
  assert.equal(ok?.score, score, error?.message)
})

test('a wrong file is not kept', async () => {
  // A flipped bit in the header, with an unchanged validator.
  const host = new Host(MODEL)
  const url = browser.host(host)
  const wrong = Buffer.from(weights)
  wrong[10] ^= 1
  host.files.set(WEIGHTS, wrong)
  assert.equal((await load(page, url)).error?.name, 'SecondpassError')
  host.files.set(WEIGHTS, weights)
  assert.equal((await load(page, url)).ok?.score, score)
  // A body without a length that ends early with the connection.
  let whole = false
  const handle = (name, _, response) => {
    if (!MODEL[name]) return response.writeHead(404).end()
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, { etag: '"1"', connection: 'close' })
    response.end(whole || name !== WEIGHTS ? MODEL[name] : weights.subarray(0, 300_000))
  }
  const closing = browser.host({ handle })
  assert.equal((await load(page, closing)).error?.code, 'invalid_weights')
  whole = true
  assert.equal((await load(page, closing)).ok?.score, score)
})

test('a hash for a file that the model does not have is refused', async () => {
  const parts = shards(weights, 3)
  const cases = [
    [MODEL, { 'modle.safetensors': integrity('x') }, /modle\.safetensors.*model\.safetensors/],
    [MODEL, { vision: integrity('x') }, /vision/],
    [{ ...SMALL, ...parts }, integrity('x'), /model, which stands for model\.safetensors.*model-00001-of-00003\.safetensors/],
  ]
  for (const [files, hashes, message] of cases) {
    const host = new Host(files)
    const { error } = await load(page, browser.host(host), { integrity: hashes })
    assert.deepEqual([error?.code, error?.status], ['invalid_request', 400], JSON.stringify(hashes))
    assert.match(error.message, message)
  }
  const url = browser.host(new Host({ ...SMALL, ...parts }))
  const hashes = Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, integrity(bytes)]))
  assert.equal((await load(page, url, { integrity: hashes })).ok?.score, score)
  const [first] = Object.keys(parts)
  assert.equal((await load(page, url, { integrity: { ...hashes, [first]: integrity('x') } })).error?.code, 'integrity')
})

test('files of the same name at different URLs are distinct, and one URL is not both model and vision tower', async () => {
  const [model, vision] = ['sees.gguf', 'mmproj.gguf'].map((name) => `${browser.host(new Host({ 'model.gguf': gguf(name) }))}model.gguf`)
  const hashes = { model: integrity(gguf('sees.gguf')), vision: integrity(gguf('mmproj.gguf')) }
  const { ok, error } = await load(page, model, { vision, integrity: hashes })
  assert.ok(ok?.info.vision, error?.message)
  assert.equal((await load(page, model, { vision, integrity: { ...hashes, vision: hashes.model } })).error?.code, 'integrity')
  const same = (await load(page, model, { vision: model })).error
  assert.equal(same?.code, 'invalid_request')
  assert.match(same.message, /same file/)
})

test('a sharded model that does not fit is refused before it is downloaded', async () => {
  const host = new Host({ ...SMALL, ...shards(weights, 3) })
  const url = browser.host(host)
  const { error } = await load(page, url, { worker: workerWithQuota(Math.round(BYTES * 0.6)) })
  assert.equal(error?.code, 'storage_full')
  assert.match(error.message, /\d+ bytes are needed and \d+ are free/)
  const fetched = Object.entries(host.served).filter(([name]) => name.endsWith('.safetensors'))
  assert.deepEqual(
    fetched.map(([, bytes]) => bytes),
    [1, 1, 1],
    'one byte of each file, to learn its length',
  )
  assert.equal((await load(page, url)).ok?.score, score)
})

test('the files of a model share the limit on concurrent requests', async () => {
  const host = new Host({ ...SMALL, ...shards(weights, 5) }, { delay: 20 })
  const handle = host.handle.bind(host)
  let [open, most] = [0, 0]
  host.handle = (name, request, response) => {
    most = Math.max(most, ++open)
    response.on('close', () => open--)
    handle(name, request, response)
  }
  const { ok, error } = await load(page, browser.host(host), { download: { ...QUICK, requests: 2 } })
  assert.equal(ok?.score, score, error?.message)
  // One more may be the first request of a small file.
  assert.ok(most <= 3, `${most} at a time`)
})

test('a file of unknown length reports progress, and is refused when it no longer fits', async () => {
  const { ok } = await load(page, browser.host(new Host(MODEL, { noRanges: true, noLength: true, delay: 30 })))
  const events = ok.events.filter((e) => e.file === WEIGHTS && e.stage === 'download')
  assert.ok(events.length > 2 && events.every((e, i) => i === 0 || e.loaded > events[i - 1].loaded), JSON.stringify(events))
  assert.equal(events.at(-1).loaded, weights.length)
  const host = new Host(MODEL, { noRanges: true, noLength: true })
  const { error } = await load(page, browser.host(host), { worker: workerWithQuota(400_000) })
  assert.equal(error?.code, 'storage_full')
  assert.match(error.message, /\d+ bytes are needed/)
})

test('persistent storage is requested once, not for memory storage; a missing model leaves no files', async () => {
  await page.evaluate(() => {
    window.asked = 0
    Object.defineProperty(navigator.storage, 'persist', {
      configurable: true,
      value: async () => {
        window.asked++
        return false
      },
    })
  })
  for (const [kind, times] of [
    ['memory', 0],
    ['opfs', 1],
  ]) {
    await load(page, browser.host(new Host(MODEL)), { cache: kind })
    assert.equal(
      await page.evaluate(() => {
        const n = window.asked
        window.asked = 0
        return n
      }),
      times,
      kind,
    )
  }
  await clear()
  assert.equal((await load(page, browser.host(new Host({})))).error?.code, 'not_found')
  const left = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('secondpass')
    const names = []
    for await (const name of folder.keys()) names.push(name)
    return names
  })
  assert.deepEqual(left, [])
})

test('a stored model is used when revalidation finds the host busy', async () => {
  const host = new Host(MODEL)
  const url = browser.host(host)
  assert.equal((await load(page, url)).ok?.score, score)
  host.faults = { busy: 1 }
  const { ok, error } = await load(page, url, { revalidate: true })
  assert.equal(ok?.score, score, error?.message)
})
