// Models that Node keeps in a folder: found again by the next process, resumed after a kill, checked, shared by processes.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { cache, Reranker } from 'secondpass'
import { has, ROOT } from '../../scripts/lib.mjs'
import { Host } from '../server/faulty.mjs'
import { startServer } from '../server/server.mjs'
import { startHub } from './installed.mjs'

const MODEL = join(ROOT, 'tests', 'fixtures', 'text', 'tiny-tied')
const FILES = Object.fromEntries(['config.json', 'tokenizer.json', 'model.safetensors'].map((name) => [name, readFileSync(join(MODEL, name))]))
const WEIGHTS = FILES['model.safetensors'].length
const [{ request, scores }] = JSON.parse(readFileSync(join(MODEL, 'cases.json'), 'utf8')).cases
const SCORE_TOLERANCE = 1e-5
const TIMEOUT_MS = 120_000
/** Small enough that a load has many pieces. */
const PIECES = { pieceBytes: 16 << 10, requests: 2 }

/** What a process is made to do; it has to end by itself. */
const PROGRAM = `
import { Reranker } from 'secondpass'
const { options, request } = JSON.parse(process.argv[1])
const reranker = await Reranker.load(options)
console.log(JSON.stringify({ info: reranker.info, results: (await reranker.rerank(request)).results }))
reranker.dispose()
`

let server
let folder
before(async () => (server = await startServer()))
after(() => server?.close())
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'secondpass-cache-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A host of the model, and the options of a load from it. */
function begin(faults = {}) {
  const host = new Host(FILES, faults)
  const id = `h${server.hosts.size}`
  server.hosts.set(id, host)
  return { host, options: { model: `${server.url}/host/${id}/`, cache: { folder }, download: PIECES } }
}

const args = (options) => ['--input-type=module', '-e', PROGRAM, JSON.stringify({ options, request })]
async function load(options) {
  const { stdout } = await promisify(execFile)(process.execPath, args(options), { cwd: ROOT, timeout: TIMEOUT_MS })
  const { info, results } = JSON.parse(stdout)
  assert.equal(info.storage, 'folder')
  assertScores(results)
}
function assertScores(results) {
  for (const { index, relevance_score } of results) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE, `${relevance_score}`)
}
const until = async (condition) => {
  const end = Date.now() + TIMEOUT_MS
  while (!condition()) {
    assert.ok(Date.now() < end, 'it takes too long')
    await new Promise((done) => setTimeout(done, 5))
  }
}
const locks = () => readdirSync(join(folder, 'locks')).filter((name) => name.endsWith('.lock'))

test('the second process makes no request, not even for the files that a model may have', async () => {
  const { host, options } = begin()
  await load(options)
  const { requests } = host
  assert.ok(requests > 3)
  await load(options)
  assert.equal(host.requests, requests)
  assert.deepEqual(locks(), [])
})

test('a process that is killed in the middle loses no piece, and the next one goes on', async () => {
  const { host, options } = begin({ delay: 40 })
  const child = spawn(process.execPath, args(options), { cwd: ROOT, stdio: 'ignore' })
  await until(() => (host.served['model.safetensors'] ?? 0) > WEIGHTS / 2)
  const ended = new Promise((done) => child.once('close', done))
  child.kill('SIGKILL')
  await ended
  assert.ok(locks().length > 0, 'it had not locked what it wrote')
  const before = host.served['model.safetensors']
  assert.ok(before < WEIGHTS)
  host.faults = {}
  await load(options)
  const again = host.served['model.safetensors'] - before
  // What was under way when it was killed, and the requests that ask for sizes.
  assert.ok(again < WEIGHTS - before + 6 * PIECES.pieceBytes, `${again} bytes after ${before} of ${WEIGHTS}`)
  assert.deepEqual(locks(), [])
})

test('processes at the same time: one fetches, and all of them have the model', async () => {
  const { host, options } = begin({ delay: 5 })
  await Promise.all([load(options), load(options), load(options)])
  assert.ok(host.served['model.safetensors'] < 1.2 * WEIGHTS, `${host.served['model.safetensors']} of ${WEIGHTS}`)
  const { requests } = host
  await load(options)
  assert.equal(host.requests, requests)
})

test('several threads read what the first one stored', async () => {
  const { host, options } = begin()
  const reranker = await Reranker.load({ ...options, workers: 3 })
  assert.equal(reranker.info.workers, 3)
  assertScores((await reranker.rerank(request)).results)
  reranker.dispose()
  assert.ok(host.served['model.safetensors'] < 1.2 * WEIGHTS)
})

test('a piece that is damaged on disk is fetched again, and nothing else; verify finds it', async () => {
  const { host, options } = begin()
  await load(options)
  const stored = join(folder, 'secondpass')
  const name = readdirSync(stored).find((name) => name.endsWith('.data') && statSync(join(stored, name)).size === WEIGHTS)
  const bytes = readFileSync(join(stored, name))
  bytes[WEIGHTS >> 1] ^= 255
  writeFileSync(join(stored, name), bytes)
  const before = host.served['model.safetensors']
  await load(options)
  const repaired = host.served['model.safetensors'] - before
  assert.ok(repaired > 0 && repaired <= 2 * PIECES.pieceBytes, `${repaired} bytes`)
  assert.ok(readFileSync(join(stored, name)).equals(FILES['model.safetensors']))
  writeFileSync(join(stored, name), bytes)
  const checked = await cache.verify(options.model, { cache: { folder } })
  assert.deepEqual(
    checked.map(({ url, ok, storage }) => [url.split('/').at(-1), ok, storage]),
    [
      ['config.json', true, 'folder'],
      ['model.safetensors', false, 'folder'],
      ['tokenizer.json', true, 'folder'],
    ],
  )
})

test('add, list, delete and clear know the folder', async () => {
  const { host, options } = begin()
  await cache.add(options)
  const { requests } = host
  const listed = await cache.list(options)
  assert.deepEqual(
    listed.map(({ url, complete, storage }) => [url, complete, storage]),
    Object.keys(FILES)
      .sort()
      .map((name) => [options.model + name, true, 'folder']),
  )
  await load(options)
  assert.equal(host.requests, requests)
  assert.equal(await cache.delete(options.model, { cache: { folder } }), 3)
  assert.deepEqual(await cache.list({ cache: { folder } }), [])
  assert.equal(await cache.clear({ cache: { folder } }), 0)
})

test('delete and verify know a model by its name on the hub that it was loaded from', async () => {
  const hub = await startHub()
  try {
    const options = { model: 'hf:cross-encoder/ettin-reranker-32m-v1', hub: `${hub.url}/`, cache: { folder } }
    await cache.add(options)
    const { length } = await cache.list(options)
    assert.ok(length >= 3)
    assert.equal((await cache.verify(options.model, options)).filter(({ ok }) => ok).length, length)
    assert.equal(await cache.delete(options.model, { cache: { folder } }), 0)
    assert.equal(await cache.delete(`${options.model}@other`, options), 0)
    // An address that leads out of the model's folder is none.
    for (const wrong of ['hf:../..', 'hf:cross-encoder/..', `${options.model}/../../..`]) await assert.rejects(cache.delete(wrong, options), /hf:/)
    assert.equal(await cache.delete(`${options.model}@main/config.json`, options), 1)
    assert.equal(await cache.delete(options.model, options), length - 1)
  } finally {
    hub.close()
  }
})

test('a load that is aborted leaves no lock, and goes on where it stopped', async () => {
  const { host, options } = begin({ delay: 20 })
  const controller = new AbortController()
  const loading = Reranker.load(options, { signal: controller.signal })
  await until(() => (host.served['model.safetensors'] ?? 0) > WEIGHTS / 2)
  controller.abort(new Error('enough'))
  await assert.rejects(loading, /enough/)
  await until(() => locks().length === 0)
  host.faults = {}
  const start = performance.now()
  const reranker = await Reranker.load(options)
  reranker.dispose()
  assert.ok(host.served['model.safetensors'] < 1.5 * WEIGHTS)
  assert.ok(performance.now() - start < 2000, 'it waited for a lock')
})

test('a lock of another machine is waited for until nobody renews it any more', async () => {
  const { options } = begin()
  await cache.add(options)
  await cache.delete(options.model, { cache: { folder } })
  const { journals } = await keysOf(options)
  // A process of another host, which has the same number as one that runs here.
  const lock = join(folder, 'locks', `${encodeURIComponent(`secondpass:${journals[0]}`)}.lock`)
  writeFileSync(lock, JSON.stringify([`not-${hostname()}`, process.pid, 'thread', 0]))
  const renewing = setInterval(() => utimesSync(lock, new Date(), new Date()), 500)
  try {
    const loading = load(options)
    const first = await Promise.race([loading.then(() => 'loaded'), new Promise((done) => setTimeout(done, 5000, 'waits'))])
    assert.equal(first, 'waits')
    clearInterval(renewing)
    const old = new Date(Date.now() - 60_000)
    utimesSync(lock, old, old)
    await loading
  } finally {
    clearInterval(renewing)
  }
  assert.deepEqual(locks(), [])
})

/** The names under which a model's files are stored. */
async function keysOf(options) {
  await cache.add(options)
  const journals = readdirSync(join(folder, 'secondpass'))
    .filter((name) => name.endsWith('.journal'))
    .map((name) => name.replace('.journal', ''))
  await cache.clear({ cache: { folder } })
  return { journals }
}

test('a model on disk is read where it is, and no copy of it is made', async () => {
  const reranker = await Reranker.load({ model: MODEL, cache: { folder }, workers: 2 })
  assert.equal(reranker.info.storage, 'file')
  assert.equal(reranker.info.workers, 2)
  assertScores((await reranker.rerank(request)).results)
  reranker.dispose()
  assert.deepEqual(await cache.list({ cache: { folder } }), [])
})

test('a folder that cannot be made, and one that is no address, are typed errors', async () => {
  const { options } = begin()
  const file = join(folder, 'a file')
  writeFileSync(file, '')
  await assert.rejects(Reranker.load({ ...options, cache: { folder: file } }), ({ code, message }) => code === 'storage_failed' && message.includes('a file'))
  await assert.rejects(Reranker.load({ ...options, cache: { folder: '' } }), { code: 'invalid_request' })
  await assert.rejects(Reranker.load({ ...options, cache: 'models' }), ({ code, message }) => code === 'invalid_request' && message.includes('{ folder'))
  await assert.rejects(
    Reranker.load({ ...options, worker: () => assert.fail('it was started') }),
    ({ code, message }) => code === 'invalid_request' && message.includes('worker'),
  )
})

test('a disk without room is a typed error, and the process ends', { skip: !has('bash') && 'there is no bash' }, async () => {
  const { options } = begin()
  // Files of at most 64 KiB stand for a full disk.
  const script = 'ulimit -f 64; trap "" XFSZ; exec "$@"'
  const failed = await promisify(execFile)('bash', ['-c', script, 'bash', process.execPath, ...args(options)], { cwd: ROOT, timeout: TIMEOUT_MS }).catch(
    (error) => error,
  )
  assert.equal(failed.code, 1, failed.stdout)
  assert.match(failed.stderr, /code: 'storage_full'/)
})
