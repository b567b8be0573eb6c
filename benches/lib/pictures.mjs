// Documents that are pictures. Only our engine is measured, because no peer supports them.
import { memoryOf } from '../../scripts/memory.mjs'
import { openPage } from './browser.mjs'
import { say } from './say.mjs'

/** Edges of the square pictures of the sweep; number and edge of the pictures for measuring the cache. */
const SWEEP = {
  fast: { sizes: [224, 448, 672, 896, 1120], documents: 8, edge: 448 },
  // For a software adapter.
  slow: { sizes: [112, 224, 448], documents: 4, edge: 224 },
}

/** Measures each device in a new browser. */
export async function measurePictures(url, { devices, gpu, quick }) {
  const rows = []
  for (const device of devices) {
    const { browser, page } = await openPage(url, { gpu })
    try {
      const plan = quick || (device === 'webgpu' && !gpu) ? SWEEP.slow : SWEEP.fast
      const result = await page.evaluate(async (plan) => (await import('/pages/pictures.js')).measure(plan), {
        model: `${url}/models/vl-4x256/`,
        device,
        ...plan,
      })
      rows.push({ device, ...compared(result), ...(await bytes(browser, page)) })
      say(`ours ${device}: ${result.sizes.map((each) => `${each.edge}² ${each.total_ms.toFixed(0)} ms`).join(', ')}`)
    } catch (error) {
      rows.push({ device, failure: error.message.split('\n')[0] })
      say(`ours ${device}: cannot run: ${error.message.split('\n')[0]}`)
    } finally {
      await browser.close()
    }
  }
  return rows
}

async function bytes(browser, page) {
  const { bytes } = await page.evaluate(() => window.bench.watched())
  const memory = await memoryOf(browser)
  return { wasm_bytes: bytes, page_bytes: memory?.page.peak, gpu_bytes: memory?.gpu.peak }
}

/** Replaces the scores by the largest difference between scores with and without the cache. */
function compared({ cache, sizes, ...rest }) {
  const difference = Math.max(...cache.on.flatMap(({ scores }, request) => scores.map((score, i) => Math.abs(score - cache.off[request].scores[i]))))
  const slim = ({ scores, ...figures }) => figures
  return { ...rest, sizes: sizes.map(slim), cache: { on: cache.on.map(slim), off: cache.off.map(slim), largest_difference: difference } }
}
