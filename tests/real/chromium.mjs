// The first layers of the real model in Chromium, as the page's API shows them: each model has a head that reads the mean of its
// last layer's states along a random direction, so that a score tells how far they are from the reference.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { serveFile } from '../../scripts/serve.mjs'
import { open } from '../browser/harness.mjs'

const LAYERS = 6

/** A folder in f32, and two GGUF files whose matrices stay as they are stored. */
const KINDS = [
  { kind: 'F32', file: (probe) => probe, dtype: 'f32' },
  { kind: 'F16', file: (probe) => `${probe}-F16.gguf`, dtype: 'auto' },
  { kind: 'Q8_0', file: (probe) => `${probe}-Q8_0.gguf`, dtype: 'auto' },
]

/** A row of the table for each device and type. */
export async function inChromium(folder, devices) {
  const { texts, logits } = JSON.parse(readFileSync(join(folder, 'probes.json'), 'utf8'))
  const browser = await open()
  try {
    const host = browser.host({
      handle: (name, request, response) => {
        request.url = `/${name}`
        if (!serveFile(folder, request, response)) response.writeHead(404).end()
      },
    })
    const rows = []
    for (const device of devices) {
      for (const { kind, file, dtype } of KINDS) {
        const largest = [undefined]
        for (let layer = 1; layer <= LAYERS; layer++) {
          const model = `${host}${file(`probe-${layer}`)}`
          const got = await scores(browser, { model, device, dtype, texts })
          const want = logits[layer - 1]
          const scale = Math.max(...want.map(Math.abs))
          largest.push(Math.max(...got.map((logit, i) => Math.abs(logit - want[i]))) / scale)
        }
        rows.push({ where: `Chromium, ${device}, along a direction`, kind, largest })
      }
    }
    return rows
  } finally {
    await browser.close()
  }
}

/** The logit of each pair. Nothing is stored: a model is loaded once. */
async function scores(browser, job) {
  const page = await browser.page()
  page.setDefaultTimeout(600_000)
  const logits = await page.evaluate(async ({ model, device, dtype, texts }) => {
    const reranker = await secondpass.Reranker.load({ model: new URL(model, location.href).href, device, dtype, cache: 'memory' })
    const logits = []
    for (const [query, document] of texts) logits.push((await reranker.rerank({ query, documents: [document] })).results[0].logit)
    reranker.dispose()
    return logits
  }, job)
  await page.close()
  return logits
}
