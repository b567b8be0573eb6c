// Downloads over faulty networks: each ends with the right scores or with the right error.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Host, random } from '../server/faulty.mjs'
import { add, BYTES, begin, hashes, INTEGRITY, load, MODEL, QUICK, STALLING, WEIGHTS } from './storage.mjs'

/** `npm run test:storage` runs 200. The native test of the same download code runs thousands. */
const SEEDS = Number(process.env.SEEDS ?? 32)
/** The largest probability of each fault per request. */
const CHANCES = { cut: 0.4, stall: 0.1, short: 0.3, wrongRange: 0.15, busy: 0.3, reset: 0.2, flip: 0.15 }
/** Errors that flipped bits may cause, because files are parsed before the whole file is hashed. */
const DAMAGED = [
  'integrity',
  'file_changed',
  'invalid_config',
  'invalid_tokenizer',
  'invalid_weights',
  'missing_tensor',
  'unsupported_dtype',
  'unsupported_model',
]
const SWITCHES = ['noRanges', 'noLength', 'noValidators', 'redirect']
/** Drawn from a separate generator, so that older seeds keep their faults. */
const MORE_SWITCHES = ['away', 'gzip']

let browser, page, score
before(async () => {
  ;({ browser, page, score } = await begin())
})
after(() => browser?.close())

/** A random selection of faults. */
function faultsOf(draw, seed) {
  const faults = {}
  for (const [name, chance] of Object.entries(CHANCES)) if (draw() < 0.35) faults[name] = chance * draw()
  for (const name of SWITCHES) if (draw() < 0.12) faults[name] = true
  const more = random(seed * 7919)
  for (const name of MORE_SWITCHES) if (more() < 0.12) faults[name] = true
  // With a compressed body the length says nothing about the content, so a missing end cannot be detected.
  if (faults.gzip) delete faults.short
  return faults
}

test(`${SEEDS} random combinations of network faults`, async () => {
  const totals = { complete: 0, errors: {}, requests: 0, bytes: 0 }
  const start = Date.now()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const draw = random(seed)
    const faults = faultsOf(draw, seed)
    const host = new Host(MODEL, faults, seed)
    const url = browser.host(host)
    host.elsewhere = browser.url.replace('127.0.0.1', 'localhost') + url
    // Flipped bits can only be detected with a hash.
    const hashed = faults.flip !== undefined || draw() < 0.5
    const options = { download: STALLING, ...(hashed && { integrity: INTEGRITY }) }
    const label = `seed ${seed}: ${JSON.stringify(faults)}${hashed ? ', hashed' : ''}`
    // Every eighth seed also loads the model and scores.
    const scored = seed % 8 === 0
    const get = () => (scored ? load(page, url, options) : add(page, url, options))
    const check = async (result) => {
      if (scored) assert.equal(result.ok.score, score, label)
      assert.deepEqual(await hashes(page, url), INTEGRITY, label)
    }
    const first = await get()
    if (first.ok) await check(first)
    else {
      totals.errors[first.error.code] = (totals.errors[first.error.code] ?? 0) + 1
      const allowed = ['network', 'bad_response', ...(faults.flip ? DAMAGED : [])]
      assert.ok(first.error.name === 'SecondpassError' && allowed.includes(first.error.code), `${label}: ${JSON.stringify(first.error)}`)
    }
    totals.complete += first.ok ? 1 : 0
    totals.requests += host.requests
    totals.bytes += host.total
    if (first.ok) continue
    // After the network has recovered, the load completes from whatever is stored.
    host.faults = { noRanges: faults.noRanges }
    const second = await get()
    assert.ok(second.ok, `${label}, then ${JSON.stringify(second.error)}`)
    await check(second)
  }
  console.log(
    `${SEEDS} seeds in ${((Date.now() - start) / 1000).toFixed(0)} s: ${totals.complete} complete at the first attempt, errors ${JSON.stringify(totals.errors)}, ` +
      `${totals.requests} requests, ${totals.bytes} bytes (${(totals.bytes / SEEDS / BYTES).toFixed(2)} times the files); all complete in the end`,
  )
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
