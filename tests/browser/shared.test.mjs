// Tabs of one origin that share a model: one has it, all use it, and whichever tab goes, the others go on.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { Host } from '../server/faulty.mjs'
import { scorePictures } from './pictures.mjs'
import { VISION } from './pool.mjs'
import { begin, crash, end, load, locks, OPTIONS, openTabs, scores, until } from './shared.mjs'
import { BYTES, MODEL, QUICK } from './storage.mjs'

let browser
/** What one tab alone gives for 40 and for 300 texts. */
let alone
before(async () => {
  browser = await openTabs()
  const page = await browser.tab()
  await load(page, { ...OPTIONS, shared: false })
  alone = { 40: (await scores(page, 40)).ok, 300: (await scores(page, 300)).ok }
  await page.close()
})
after(() => browser?.close())
afterEach(async () => {
  for (const page of browser.context.pages()) await page.close()
})

const workers = (...pages) => pages.map((page) => page.workers().length)
const dispose = (page) => page.evaluate(() => reranker.dispose())

test('three tabs share one worker, and get the scores that each would get alone', async () => {
  const [a, b, c] = await browser.sharing(3)
  assert.deepEqual(workers(a, b, c), [1, 0, 0])
  for (const page of [a, b, c]) {
    const info = await page.evaluate(() => reranker.info)
    assert.deepEqual([info.shared, info.device, info.warnings], [true, 'cpu', undefined])
    assert.equal(await page.evaluate(() => fractions.at(-1)), 1)
  }
  const answers = await Promise.all([a, b, c].map((page) => scores(page, 40)))
  for (const { ok } of answers) assert.deepEqual(ok, alone[40])
  // Documents come back as they were given, and top_n counts over all portions.
  const { ok } = await scores(b, 40, { top_n: 2, return_documents: true })
  assert.deepEqual(
    ok.map(({ index }) => index),
    alone[40].slice(0, 2).map(({ index }) => index),
  )
  assert.equal(typeof ok[0].document.text, 'string')
})

test('other options, and other tasks, have another model', async () => {
  const [a] = await browser.sharing(1)
  const b = await browser.tab()
  await load(b, { ...OPTIONS, dtype: 'f32' })
  const c = await browser.tab()
  await load(c, { ...OPTIONS, dtype: 'f32' })
  assert.deepEqual(workers(a, b, c), [1, 1, 0])
})

test('where tabs cannot share, each has its own model and info says why', async () => {
  const a = await browser.tab()
  await a.evaluate(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
  const info = await load(a)
  assert.equal(info.shared, false)
  assert.match(info.warnings.at(-1), /not shared: only tabs of a browser/)
  const b = await browser.tab()
  const picked = await b.evaluate(async () => {
    const model = new File([await (await fetch('/fixtures/gguf/mixed.gguf')).blob()], 'mixed.gguf')
    return share({ model })
  })
  assert.equal(picked.shared, false)
  assert.match(picked.warnings.at(-1), /not shared: a file that was picked/)
  assert.equal((await scores(b, 3)).ok.length, 3)
  const { error } = await b.evaluate(() => outcome(() => secondpass.Reranker.load({ model: '/models/tiny-tied', shared: 'yes' })))
  assert.match(error.message, /shared must be true or false/)
})

test('a load that another tab began is shown, and nothing is fetched twice', async () => {
  const host = new Host(MODEL, { delay: 30 })
  const options = { model: browser.host(host), savings: OPTIONS.savings, download: QUICK }
  const [a, b] = [await browser.tab(), await browser.tab()]
  const first = load(a, options)
  await until(() => host.total > BYTES / 4)
  const second = load(b, options)
  assert.deepEqual([(await first).shared, (await second).shared], [true, true])
  assert.equal(host.total, BYTES)
  const fractions = await b.evaluate(() => window.fractions)
  assert.ok(fractions.length > 3, `${fractions}`)
  assert.ok(
    fractions.every((fraction, i) => i === 0 || fraction >= fractions[i - 1]),
    `${fractions}`,
  )
  assert.equal(fractions.at(-1), 1)
})

test('a load that fails, fails in all tabs; one that is aborted goes on for the others', async () => {
  const missing = new Host({}, {})
  const slow = { model: browser.host({ handle: (name, request, response) => setTimeout(() => missing.handle(name, request, response), 500) }) }
  const [a, b] = [await browser.tab(), await browser.tab()]
  const errors = await Promise.all([a, b].map((page) => page.evaluate(async (options) => (await outcome(() => share(options))).error?.code, slow)))
  assert.deepEqual(errors, ['not_found', 'not_found'])
  await until(async () => (await locks(a)) === 0)

  const host = new Host(MODEL, { delay: 30 })
  const options = { model: browser.host(host), download: QUICK }
  const aborted = a.evaluate(async (options) => {
    const controller = new AbortController()
    window.stop = () => controller.abort(new Error('no longer'))
    const loading = secondpass.Reranker.load({ device: 'cpu', workers: 1, shared: true, ...options }, { signal: controller.signal })
    return (await outcome(() => loading)).error?.message
  }, options)
  await until(() => host.total > BYTES / 4)
  const second = b.evaluate(
    (options) => outcome(async () => (window.reranker = await secondpass.Reranker.load({ device: 'cpu', workers: 1, shared: true, ...options })).info),
    options,
  )
  await until(() => host.total > BYTES / 2)
  await a.evaluate(() => stop())
  assert.equal(await aborted, 'no longer')
  const { ok, error } = await second
  assert.equal(ok?.shared, true, error?.message)
  assert.equal(host.total, BYTES, 'the load went on')
  assert.equal((await scores(b, 3)).ok.length, 3)
})

test('results come one by one to the tab that asked, and its abort ends the work in the other', async () => {
  const [a, b] = await browser.sharing(2)
  await begin(b, 900)
  await b.evaluate(() => asked.abort())
  const { error, reported } = await end(b)
  assert.equal(error.message, 'enough')
  assert.ok(reported.length >= 3 && reported.length < 450, `${reported.length} of 900`)
  await until(() => a.evaluate(() => watched.aborts[0] === 1))
  const before = await a.evaluate(() => watched.seen[0].length)
  assert.deepEqual((await scores(b, 40)).ok, alone[40])
  const sent = await a.evaluate((before) => watched.seen[0].slice(before).reduce((sum, { documents }) => sum + documents.length, 0), before)
  assert.equal(sent, 40, 'nothing of the aborted request is sent any more')
})

test('tabs take turns: one with many requests does not hold up another', async () => {
  const [a, b] = await browser.sharing(2)
  await a.evaluate(() => {
    window.answered = 0
    for (let i = 0; i < 15; i++) void outcome(() => reranker.rerank({ query: `query ${i}`, documents: pool.texts(40) })).then(() => window.answered++)
  })
  await a.waitForFunction(() => answered > 0)
  assert.deepEqual((await scores(b, 40)).ok, alone[40])
  const before = await a.evaluate(() => answered)
  assert.ok(before < 8, `${before} of 15 requests came before`)
  // A long one is cut, so that a short one need not wait for all of it.
  await begin(a, 900)
  await scores(b, 2)
  const reported = await a.evaluate(() => asked.reported.length)
  assert.ok(reported < 600, `${reported} of 900`)
  await a.waitForFunction(() => answered === 15)
})

test('dispose in one tab leaves the others, and the last one ends the worker', async () => {
  const [a, b, c] = await browser.sharing(3)
  await begin(c, 300)
  await dispose(a)
  await dispose(b)
  assert.equal((await scores(a, 2)).error.code, 'disposed')
  assert.deepEqual((await end(c)).ok, alone[300])
  assert.deepEqual(workers(a, b, c), [1, 0, 0], 'the tab that has the model keeps it for the other')
  await load(b)
  assert.deepEqual((await scores(b, 40)).ok, alone[40])
  await dispose(b)
  await dispose(c)
  await until(() => a.workers().length === 0)
  await until(async () => (await locks(a)) === 0)
})

for (const [how, finish] of [
  ['is closed', (page) => page.close()],
  ['crashes', crash],
  ['is left for another page', (page) => page.goto('about:blank')],
]) {
  test(`the tab with the model ${how} in mid-request: another takes over, and no score is lost or given twice`, async () => {
    const [a, b, c] = await browser.sharing(3)
    await begin(b, 300)
    const waiting = scores(c, 40)
    await finish(a)
    const { ok, error, reported } = await end(b)
    assert.deepEqual(ok, alone[300], error?.message)
    assert.deepEqual([reported.length, new Set(reported).size], [300, 300])
    assert.deepEqual((await waiting).ok, alone[40])
    assert.deepEqual(workers(b, c), [1, 0], 'the next in line')
    assert.equal((await b.evaluate(() => reranker.info)).shared, true)
  })
}

test('a tab that crashes in mid-request leaves no work behind', async () => {
  const [a, b] = await browser.sharing(2)
  await begin(b, 900)
  await crash(b)
  await until(() => a.evaluate(() => watched.aborts[0] === 1))
  const before = await a.evaluate(() => watched.seen[0].length)
  assert.deepEqual((await scores(a, 40)).ok, alone[40])
  const sent = await a.evaluate((before) => watched.seen[0].slice(before).reduce((sum, { documents }) => sum + documents.length, 0), before)
  assert.equal(sent, 40)
  await dispose(a)
  await until(async () => (await locks(a)) === 0)
})

test('a worker that crashes is started again for all tabs', async () => {
  const [a, b] = await browser.sharing(2, OPTIONS, { names: ['result 20'] })
  await begin(b, 300)
  const { ok, error, reported } = await end(b)
  assert.deepEqual(ok, alone[300], error?.message)
  assert.equal(new Set(reported).size, reported.length)
  assert.equal(await a.evaluate(() => watched.seen.length), 2)
  await until(async () => (await b.evaluate(() => reranker.info)).recovered_from?.code === 'internal')
})

test('a request during which two tabs end is rejected alone', async () => {
  const [a, b, c, d] = await browser.sharing(4)
  await begin(d, 900)
  await crash(a)
  await d.waitForFunction((reported) => asked.reported.length > reported, await d.evaluate(() => asked.reported.length))
  const waiting = scores(c, 40)
  await crash(b)
  const { error } = await end(d)
  assert.equal(error.code, 'internal')
  assert.match(error.message, /Two tabs/)
  assert.deepEqual((await waiting).ok, alone[40])
  assert.deepEqual((await scores(d, 40)).ok, alone[40])
})

test('a tab that the browser suspends is replaced, and takes part again when it wakes', async () => {
  const [a, b] = await browser.sharing(2)
  const session = await browser.context.newCDPSession(a)
  await session.send('Debugger.enable')
  await session.send('Debugger.pause')
  const paused = a.evaluate(() => 'awake')
  assert.deepEqual((await scores(b, 40)).ok, alone[40])
  assert.equal(b.workers().length, 1)
  await session.send('Debugger.disable')
  assert.equal(await paused, 'awake')
  await until(() => a.workers().length === 0)
  assert.deepEqual((await scores(a, 40)).ok, alone[40])
  assert.deepEqual(workers(a, b), [0, 1])
  await dispose(a)
  await dispose(b)
  await until(async () => (await locks(a)) === 0)
})

test('embedders share too, and pictures travel to the tab with the model', async () => {
  const options = { model: '/fixtures/embedding/bert-mean' }
  const tabs = await browser.sharing(2, options, { type: 'Embedder' })
  const vectors = await Promise.all(
    tabs.map((page) =>
      page.evaluate(async () => {
        const seen = []
        const { data } = await reranker.embed({ input: pool.texts(5) }, { onResult: ({ embedding }) => seen.push(embedding.constructor.name) })
        return { vectors: data.map(({ embedding }) => Array.from(embedding)), seen }
      }),
    ),
  )
  assert.deepEqual(vectors[0].vectors, vectors[1].vectors)
  assert.deepEqual(vectors[1].seen, Array(5).fill('Float32Array'))
  for (const page of tabs) await page.close()

  const pages = await browser.sharing(2, { model: VISION, savings: { packing: false } })
  const results = await Promise.all(pages.map((page) => page.evaluate(scorePictures)))
  assert.equal(results[0].results.length, 5)
  assert.equal(results[0].kept, true)
  assert.deepEqual(results[0], results[1])
  assert.deepEqual(workers(...pages), [1, 0])
})
