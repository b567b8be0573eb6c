// With `device: 'auto'` a model is timed on the GPU and on the CPU. The adapters here compute in software on the same cores, so the CPU
// must win as soon as they do not say so.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases } from '../browser/harness.mjs'
import { MODEL } from '../browser/storage.mjs'
import { Host } from '../server/faulty.mjs'
import { ENGINE, openEngine } from './harness.mjs'

/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5
/** An abort ends a load at once; the rest is for a busy machine. */
const ABORT_MS = 1500

let browser
before(async () => {
  browser = await openEngine()
})
after(() => browser?.close())

/** Runs `work` in a page of its own that remembers nothing. */
async function inPage(work, argument) {
  const page = await browser.page()
  try {
    await page.evaluate(async () => {
      window.routing = await import('/engines/routing.js')
      localStorage.clear()
    })
    return await page.evaluate(work, argument)
  } finally {
    await page.close()
  }
}

/** A model that is stored, at an address of its own. */
const stored = () => browser.host(new Host(MODEL))

function routed(name, run) {
  test(name, async (t) => (browser.can.webgpu ? run(t) : t.skip('this engine gives no WebGPU adapter here')))
}

function assertMeasured({ device, routing }, name) {
  assert.deepEqual([device, routing?.device, routing?.by], ['cpu', 'cpu', 'speed'], `${name}: ${JSON.stringify(routing)}`)
  const { webgpu, cpu, workers } = routing.measured
  assert.ok(cpu > 0 && webgpu > cpu && workers === 1, `${name}: ${JSON.stringify(routing)}`)
}

routed('a GPU that is slower than the processor is not taken, and the model scores as it should', async () => {
  const [{ request, scores }] = cases('tiny-tied')
  const loaded = await inPage(({ model, request }) => window.routing.load({ model }, { request }), { model: stored(), request })
  assertMeasured(loaded)
  assert.deepEqual([loaded.routing.remembered, loaded.started, loaded.left], [false, 2, 0])
  for (const { index, relevance_score } of loaded.results) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE)
  console.log(`${ENGINE}: ${JSON.stringify(loaded.routing.measured)}`)
})

routed('what was measured is remembered, for the model and for others of its class, until the cache is cleared', async () => {
  const [model, other] = [stored(), stored()]
  const work = async ({ model, other }) => {
    const loads = [model, model, other, other].map((model) => () => window.routing.load({ model }))
    const outcomes = []
    for (const load of loads) outcomes.push(await load())
    await window.secondpass.cache.clear()
    return [...outcomes, await window.routing.load({ model })]
  }
  const [first, again, alike, alikeAgain, cleared] = await inPage(work, { model, other })
  assertMeasured(first)
  for (const [name, { device, routing, started }, count] of [
    ['again', again, 1],
    // Its size and family are known once it is loaded, so the first time on the GPU.
    ['of its class', alike, 2],
    ['of its class again', alikeAgain, 1],
  ]) {
    assert.deepEqual([device, routing, started], ['cpu', { ...first.routing, remembered: true }, count], name)
  }
  assert.ok(again.ms < first.ms, `${again.ms} and ${first.ms} ms`)
  assertMeasured(cleared)
  assert.deepEqual([cleared.routing.remembered, cleared.started], [false, 2])
})

routed('a device that is named is obeyed, and an adapter that says it is software is not tried', async () => {
  const [named, software] = await inPage(
    async (model) => [await window.routing.load({ model, device: 'webgpu' }), await window.routing.load({ model }, { script: '/dist/worker.js' })],
    stored(),
  )
  assert.deepEqual([named.device, named.routing ?? null, named.started], ['webgpu', null, 1])
  assert.deepEqual([software.device, software.routing, software.started], ['cpu', { device: 'cpu', by: 'adapter', remembered: false }, 1])
})

routed('a model that is not stored is not loaded twice', async () => {
  const host = new Host(MODEL)
  const { device, routing, started } = await inPage((model) => window.routing.load({ model, cache: 'memory' }), browser.host(host))
  assert.deepEqual([device, routing, started], ['webgpu', { device: 'webgpu', by: 'storage', remembered: false }, 1])
})

routed('an embedder, and a model that tabs share, go the same way', async () => {
  const [embedder, shared] = await inPage(
    async (model) => [
      await window.routing.load({ model: '/fixtures/embedding/bert-mean' }, { kind: 'Embedder' }),
      await window.routing.load({ model, shared: true }),
    ],
    stored(),
  )
  assertMeasured(embedder, 'embedder')
  assertMeasured(shared, 'shared')
  assert.equal(shared.shared, true)
})

routed('an abort ends the measuring, on either device, and nothing is remembered', async () => {
  for (const [name, when] of [
    ['on the GPU', 'asked === 1'],
    ['while the CPU loads', 'started === 2'],
    ['on the CPU', 'started === 2 && asked > 3'],
  ]) {
    const seen = await inPage(
      ({ model, when }) => window.routing.abort({ model }, new Function('workers', `const { started, asked } = workers; return ${when}`)),
      { model: stored(), when },
    )
    assert.deepEqual([seen.same, seen.left, seen.kept], [true, 0, ''], name)
    assert.ok(seen.ms < ABORT_MS, `${name}: ${seen.ms} ms`)
  }
})

routed('a GPU that gives other scores than the processor is not taken', async () => {
  const loaded = await inPage((model) => window.routing.load({ model }, { names: ['forgets', ''] }), stored())
  assert.deepEqual([loaded.device, loaded.routing.by, loaded.left], ['cpu', 'scores', 0], JSON.stringify(loaded))
})

routed('a GPU that is lost while it is measured is not taken', async () => {
  const loaded = await inPage((model) => window.routing.load({ model }, { names: ['request 1', ''] }), stored())
  assert.deepEqual([loaded.device, loaded.routing.by, loaded.recovered_from?.code, loaded.left], ['cpu', 'scores', 'device_lost', 0], JSON.stringify(loaded))
})

test('without an adapter there is nothing to choose', async () => {
  const { device, routing } = await inPage((model) => window.routing.load({ model }, { script: '/engines/no-webgpu-worker.js' }), stored())
  assert.deepEqual([device, routing ?? null], ['cpu', null])
})
