// Faulty networks in every engine, by the seeds of tests/browser/storage-faults.test.mjs; kills of pages that load.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { loadWithFaults, seedsUpTo } from '../browser/fault-seeds.mjs'
import { add, BYTES, hashes, INTEGRITY, load, MODEL, QUICK } from '../browser/storage.mjs'
import { Host, random } from '../server/faulty.mjs'
import { ENGINE, openEngine, waitFor } from './harness.mjs'
import { cutCompressedBody } from './table.mjs'

/** `npm run test:storage -- --engine NAME` runs more of both. */
const SEEDS = Number(process.env.SEEDS ?? 10)
const FIRST_SEED = Number(process.env.FIRST_SEED ?? 1)
const KILLS = Number(process.env.KILLS ?? 3)

let browser
let page
let score
before(async () => {
  browser = await openEngine()
  page = await browser.page()
  score = (await load(page, '/models/tiny-tied', { cache: 'memory' })).ok.score
})
after(() => browser?.close())

test(`${SEEDS} random combinations of network faults`, async () => {
  const seesCuts = (await cutCompressedBody(browser, page)) === 'is an error'
  console.log(`${ENGINE}: ${await loadWithFaults({ browser, page, score, seesCuts }, seedsUpTo(SEEDS, FIRST_SEED))}`)
})

test(`after each of ${KILLS} killed pages, the next load completes with what was stored`, async () => {
  let kept = 0
  for (const seed of seedsUpTo(KILLS, FIRST_SEED)) {
    const host = new Host(MODEL, { delay: 4 }, seed)
    const url = browser.host(host)
    const victim = await browser.page()
    await victim.evaluate(({ url, download }) => void secondpass.Reranker.load({ model: url, device: 'cpu', download }).catch(() => {}), {
      url,
      download: QUICK,
    })
    const until = random(seed)() * BYTES
    while (host.total < until) await new Promise((done) => setTimeout(done, 2))
    await victim.close()
    // Its worker may live for a moment and still write.
    await waitFor(page, async () => (await navigator.locks.query()).held.length === 0)
    host.served = {}
    host.faults = {}
    const { ok, error } = await add(page, url)
    assert.ok(ok, `seed ${seed}: ${error?.message}`)
    assert.deepEqual(await hashes(page, url), INTEGRITY, `seed ${seed}`)
    assert.ok(host.total <= BYTES, `seed ${seed}: ${host.total} of ${BYTES} bytes were fetched`)
    kept += BYTES - host.total
  }
  console.log(`${ENGINE}: ${kept} of ${KILLS * BYTES} bytes were kept`)
})
