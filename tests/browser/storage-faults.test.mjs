// Downloads over faulty networks: each ends with the right scores or with the right error.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Host } from '../server/faulty.mjs'
import { loadWithFaults, seedsUpTo } from './fault-seeds.mjs'
import { begin, INTEGRITY, load, MODEL, QUICK, STALLING, WEIGHTS } from './storage.mjs'

/** `npm run test:storage` runs 200. The native test of the same download code runs thousands. */
const SEEDS = Number(process.env.SEEDS ?? 32)
const FIRST_SEED = Number(process.env.FIRST_SEED ?? 1)
let browser, page, score
before(async () => {
  ;({ browser, page, score } = await begin())
})
after(() => browser?.close())

test(`${SEEDS} random combinations of network faults`, async () => {
  console.log(await loadWithFaults({ browser, page, score }, seedsUpTo(SEEDS, FIRST_SEED)))
})

const ERRORS = [
  ['a host that is always busy', { busy: 1 }, 'bad_response', /status (429|50\d) \(3 times\)/],
  ['a host that cuts everything off at once', { reset: 1 }, 'network', /3 times/],
  ['a host that never sends', { stall: 1 }, 'network', /nothing came for|connection was cut/],
  ['a host that sends the wrong range', { wrongRange: 1 }, 'bad_response', /another range/],
]
for (const [name, faults, code, message] of ERRORS) {
  test(`${name} gives ${code}`, async () => {
    const host = new Host(MODEL, faults)
    const { error, ms } = await load(page, browser.host(host), { download: STALLING })
    assert.equal(error?.code, code, error?.message)
    assert.match(error.message, message)
    console.log(`after ${host.requests} requests and ${ms.toFixed(0)} ms: ${error.message}`)
  })
}

for (const [form, until] of [
  ['in seconds', () => '1'],
  ['as a date', () => new Date(Date.now() + 2000).toUTCString()],
]) {
  test(`retry-after ${form} is honoured`, async () => {
    const host = new Host(MODEL)
    const handle = host.handle.bind(host)
    const times = []
    host.handle = (name, request, response) => {
      times.push(Date.now())
      if (times.length === 1) return response.writeHead(429, { 'retry-after': until() }).end()
      handle(name, request, response)
    }
    assert.equal((await load(page, browser.host(host))).ok?.score, score)
    assert.ok(times[1] - times[0] >= 950, `${times[1] - times[0]} ms`)
  })
}

test('a retry-after that is too long ends the load', async () => {
  const host = new Host(MODEL)
  host.handle = (_name, _request, response) => response.writeHead(503, { 'retry-after': '3600' }).end()
  const { error } = await load(page, browser.host(host))
  assert.equal(error?.code, 'bad_response')
  assert.match(error.message, /come back in 3600 seconds/)
})

test('a file that changes during its download is downloaded again from the start', async () => {
  const other = Buffer.from(MODEL[WEIGHTS])
  other.subarray(-2000).fill(0)
  let changed
  for (const at of [3, 6, 9]) {
    const host = new Host(MODEL, { delay: 2 })
    const handle = host.handle.bind(host)
    let requests = 0
    host.handle = (name, request, response) => {
      if (name === WEIGHTS && ++requests === at) host.change(WEIGHTS, other)
      handle(name, request, response)
    }
    const { ok, error } = await load(page, browser.host(host), { download: { ...QUICK, runPieces: 2 } })
    changed ??= (await load(page, browser.host(new Host({ ...MODEL, [WEIGHTS]: other })), { cache: 'memory' })).ok.score
    assert.equal(ok?.score, changed, error?.message)
    assert.notEqual(changed, score)
  }
})

test('another origin needs CORS headers, and then ranges and hashes work', async () => {
  const host = new Host(MODEL, { cors: true, cut: 0.3 })
  const url = browser.url.replace('127.0.0.1', 'localhost') + browser.host(host)
  const { ok, error: failed } = await load(page, url, { integrity: INTEGRITY })
  assert.equal(ok?.score, score, failed?.message)
  const refusing = browser.url.replace('127.0.0.1', 'localhost') + browser.host(new Host(MODEL))
  const { error } = await load(page, refusing)
  assert.deepEqual([error?.code, error?.status], ['cors', 502])
  assert.match(error.message, /Access-Control-Allow-Origin/)
})
