// How many dispatches a layer takes: with small models each costs as much as what it computes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from './harness.mjs'

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Dispatches of a request whose query is known already, so that it is a single pass. */
async function dispatchesOf(model, kernels) {
  const page = await browser.page()
  const dispatches = await page.evaluate(
    async ({ model, kernels }) => {
      const name = `count ${Math.random()}`
      const worker = () => new Worker('/pages/counting-worker.js', { type: 'module', name })
      const channel = new BroadcastChannel(name)
      const count = () =>
        new Promise((resolve) => {
          channel.onmessage = ({ data }) => resolve(data.dispatches)
          channel.postMessage('count')
        })
      const reranker = await secondpass.Reranker.load({ model, device: 'webgpu', kernels, worker })
      const request = (text) => ({ query: 'the moons of planets', documents: [text] })
      await reranker.rerank(request('Jupiter has many moons.'))
      const before = await count()
      await reranker.rerank(request('Saturn has even more of them, and rings.'))
      const after = await count()
      reranker.dispose()
      channel.close()
      return after - before
    },
    { model, kernels },
  )
  await page.close()
  return dispatches
}

/** Pairs of models of a family, the first with a layer more. What a layer takes more than this has to be worth it. */
const FAMILIES = {
  // Two norms, seven products, two rotations, attention, a gate, two sums.
  decoder: { models: ['/models/tiny-tied', '/models/tiny-untied'], most: 15 },
  // Six products with a bias each, attention, an activation, two sums, two norms.
  encoder: { models: ['/fixtures/encoder/bert', '/fixtures/encoder/bert-cased'], most: 18 },
}

for (const [family, { models, most }] of Object.entries(FAMILIES)) {
  for (const kernels of ['direct', 'blocked']) {
    test(`a layer of ${family} with ${kernels} kernels takes ${most} dispatches`, async () => {
      const [more, fewer] = [await dispatchesOf(models[0], kernels), await dispatchesOf(models[1], kernels)]
      console.log(`${family}, ${kernels}: ${more - fewer} a layer, ${fewer} of two layers and the rest`)
      assert.ok(more - fewer > 0 && more - fewer <= most, `${more} and ${fewer}`)
    })
  }
}
