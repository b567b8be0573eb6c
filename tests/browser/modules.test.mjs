// Which of the two modules a worker fetches: the one with the GPU backend only where a GPU is used.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from './harness.mjs'

const [FULL, CPU] = ['secondpass_bg.wasm', 'secondpass_cpu_bg.wasm']

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** A page, and the modules that were fetched for it. */
async function watched() {
  const page = await browser.page()
  const fetched = []
  page.on('request', (request) => {
    if (request.url().includes('.wasm')) fetched.push(request.url().split('/').at(-1))
  })
  return { page, fetched }
}

/** Loads and reranks in a fresh page; what it ran on and what was fetched. */
async function run(options, worker) {
  const { page, fetched } = await watched()
  const { ok, error } = await page.evaluate(
    ({ options, worker }) =>
      outcome(async () => {
        // Each is a first load, of which nothing is remembered.
        localStorage.clear()
        const start = worker && { worker: () => new Worker('/pages/real-gpu-worker.js', { type: 'module', name: worker }) }
        const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', ...options, ...start })
        const { results } = await reranker.rerank({ query: 'q', documents: ['a'] })
        const { device } = reranker.info
        reranker.dispose()
        return { device, scores: results.length }
      }),
    { options, worker },
  )
  await page.close()
  return { ...ok, error, fetched }
}

test('device "cpu" fetches the module without the GPU backend', async () => {
  assert.deepEqual(await run({ device: 'cpu' }), { device: 'cpu', scores: 1, error: undefined, fetched: [CPU] })
})

test('device "webgpu" fetches the full module', async () => {
  assert.deepEqual(await run({ device: 'webgpu' }), { device: 'webgpu', scores: 1, error: undefined, fetched: [FULL] })
})

test('"auto" fetches the full module for a real adapter only', async () => {
  assert.deepEqual(await run({ device: 'auto' }), { device: 'cpu', scores: 1, error: undefined, fetched: [CPU] })
  // A model that is not stored is not loaded twice, so nothing is compared; where it is, the full module computes on either device.
  assert.deepEqual(await run({ device: 'auto', cache: 'memory' }, 'opens'), { device: 'webgpu', scores: 1, error: undefined, fetched: [FULL] })
  assert.deepEqual(await run({ device: 'auto' }, 'opens'), { device: 'cpu', scores: 1, error: undefined, fetched: [FULL] })
})

test('"auto" computes on the CPU where the device cannot be opened', async () => {
  assert.deepEqual(await run({ device: 'auto' }, 'refuses'), { device: 'cpu', scores: 1, error: undefined, fetched: [FULL] })
})

test('storage alone needs the small module, and modules are compiled once for a page', async () => {
  const { page, fetched } = await watched()
  await page.evaluate(async () => {
    await secondpass.cache.list()
    for (let i = 0; i < 2; i++) (await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })).dispose()
  })
  assert.deepEqual(fetched, [CPU])
  await page.close()
})

test('a page that has the full module does not fetch the other one', async () => {
  const { page, fetched } = await watched()
  const device = await page.evaluate(async () => {
    const load = async (device) => {
      const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device })
      reranker.dispose()
      return reranker.info.device
    }
    await load('webgpu')
    await secondpass.cache.list()
    return load('cpu')
  })
  assert.deepEqual([device, fetched], ['cpu', [FULL]])
  await page.close()
})

test('wasmUrl names the full module for all devices, or each module', async () => {
  const wasm = `/dist/wasm/`
  assert.deepEqual((await run({ device: 'cpu', wasmUrl: `${wasm}${FULL}?own` })).fetched, [`${FULL}?own`])
  assert.deepEqual((await run({ device: 'cpu', wasmUrl: { full: '/nowhere.wasm', cpu: `${wasm}${CPU}?own` } })).fetched, [`${CPU}?own`])
  assert.deepEqual((await run({ device: 'cpu', wasmUrl: { full: '/nowhere.wasm' } })).fetched, [CPU])
  assert.deepEqual((await run({ device: 'webgpu', wasmUrl: { full: `${wasm}${FULL}?own`, cpu: '/nowhere.wasm' } })).fetched, [`${FULL}?own`])
  const { error } = await run({ device: 'cpu', wasmUrl: { cpu: '/nowhere.wasm' } })
  assert.equal(error.code, 'worker_failed')
  assert.match(error.message, new RegExp(CPU))
})
