// A site's storage is cleared (`Clear-Site-Data`, or by its user) while a model is loaded into it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Host } from '../server/faulty.mjs'
import { add, BYTES, begin, hashes, INTEGRITY, load, MODEL } from './storage.mjs'

let browser, page, score, clearing
before(async () => {
  ;({ browser, page, score } = await begin())
  clearing = browser.host({ handle: (_, __, response) => response.writeHead(200, { 'clear-site-data': '"storage"' }).end('cleared') })
})
after(() => browser?.close())

const clear = () => page.evaluate(async (url) => (await fetch(url)).text(), clearing)

/** Waits until a host has sent so much of a model. */
const sent = async (host, share) => {
  while (host.total < BYTES * share) await new Promise((done) => setTimeout(done, 2))
}

for (const cache of ['auto', 'opfs', 'cache-api']) {
  test(`a load into ${cache} ends with the right scores, and the next one stores the model again`, async () => {
    for (const [share, faults] of [
      [0.05, {}],
      [0.3, {}],
      [0.8, {}],
      [0.5, { noRanges: true }],
      [0.5, { noRanges: true, noLength: true }],
    ]) {
      const label = `${cache}, ${share}, ${JSON.stringify(faults)}`
      const host = new Host(MODEL, { delay: 20, ...faults })
      const url = browser.host(host)
      const loading = load(page, url, { cache, integrity: INTEGRITY })
      await sent(host, share)
      await clear()
      const { ok, error } = await loading
      assert.equal(ok?.score, score, `${label}: ${error?.code} ${error?.message}`)
      assert.equal(ok.info.storage, 'memory', label)
      host.faults = {}
      const again = await load(page, url, { cache })
      assert.deepEqual([again.ok?.score, again.ok?.info.storage], [score, cache === 'auto' ? 'opfs' : cache], `${label}: ${again.error?.message}`)
      assert.deepEqual(await hashes(page, url), INTEGRITY, label)
    }
  })
}

test('a download that only stores says that nothing is stored', async () => {
  const host = new Host(MODEL, { delay: 20 })
  const url = browser.host(host)
  const adding = add(page, url)
  await sent(host, 0.5)
  await clear()
  const { error } = await adding
  assert.equal(error?.code, 'storage_failed')
  assert.match(error.message, /cleared/)
  assert.deepEqual(await page.evaluate(() => secondpass.cache.list()), [])
  host.faults = {}
  assert.equal((await add(page, url)).ok, true)
  assert.deepEqual(await hashes(page, url), INTEGRITY)
})

test('a model that is loaded computes on, and a worker that is started again loads it anew', async () => {
  const url = browser.host(new Host(MODEL))
  const scores = await page.evaluate(
    async ({ url, clearing }) => {
      const started = []
      const worker = () => {
        started.push(new Worker('/dist/worker.js', { type: 'module' }))
        return started.at(-1)
      }
      const reranker = await secondpass.Reranker.load({ model: url, device: 'cpu', worker })
      const ask = async () => (await reranker.rerank({ query: 'what is a shore?', documents: ['where water meets land'] })).results[0].relevance_score
      const before = await ask()
      await fetch(clearing)
      const cleared = await ask()
      started[0].terminate()
      const restarted = await ask()
      reranker.dispose()
      return { scores: [before, cleared, restarted], started: started.length }
    },
    { url, clearing },
  )
  assert.deepEqual(scores, { scores: [score, score, score], started: 2 })
})
