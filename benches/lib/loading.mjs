// Time and memory until the first score, at the first visit and at the second, for which a new browser opens the profile of
// the first.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryOf } from '../../scripts/memory.mjs'
import { openPage } from './browser.mjs'
import { firstOf, reason, withTimeout } from './measure.mjs'
import { say } from './say.mjs'

const VISITS = ['first', 'second']

/** With 4-bit weights, except transformers.js's embedding table. The peers' WebGPU is left out on a software adapter. */
function legsFor({ size }, url, { engines, devices, gpu }) {
  const at = `${url}/models/${size}`
  const gguf = `${at}/gguf/hf-Q4_0.gguf`
  const peers = (device) =>
    device === 'cpu' || gpu
      ? [
          {
            engine: 'ort',
            key: `transformers.js ${device} int4`,
            page: 'transformers',
            options: { device: device === 'cpu' ? 'wasm' : 'webgpu', model: `${at}/transformers-js/` },
          },
          { engine: 'wllama', key: `wllama ${device} q4_0`, page: 'wllama', options: { model: gguf, device, context: 1024, keep: true } },
        ]
      : []
  return devices
    .flatMap((device) => [{ engine: 'ours', key: `ours ${device} q4_0`, page: 'ours', options: { model: gguf, device, workers: 1 } }, ...peers(device)])
    .filter((leg) => engines.includes(leg.engine))
}

/** Loads each engine twice, and scores one document each time. */
export async function measureLoading(server, model, workloads, options) {
  const rows = []
  const workload = firstOf(
    workloads.find(({ name }) => name === '1x160'),
    1,
  )
  for (const leg of legsFor(model, server.url, options)) {
    const profile = mkdtempSync(join(tmpdir(), 'secondpass-'))
    const row = { key: leg.key, visits: [] }
    rows.push(row)
    try {
      for (const visit of VISITS) row.visits.push({ visit, ...(await oneVisit(server, leg, workload, { profile, gpu: options.gpu })) })
      say(`${leg.key}: first score after ${row.visits.map(({ first_score_ms }) => `${(first_score_ms / 1000).toFixed(1)} s`).join(', then ')}`)
    } catch (error) {
      row.failure = reason(error)
      say(`${leg.key}: cannot run: ${row.failure}`)
    } finally {
      rmSync(profile, { recursive: true, force: true })
    }
  }
  return rows
}

async function oneVisit(server, leg, workload, settings) {
  const { browser, page } = await openPage(server.url, settings)
  try {
    const [blank, before] = [await memoryOf(browser), server.sent()]
    const { load_ms } = await withTimeout(
      page.evaluate(([name, options]) => window.bench.load(name, options), [leg.page, leg.options]),
      'loading',
    )
    const { total_ms, scores } = await withTimeout(
      page.evaluate((workload) => window.bench.run(workload), workload),
      'the first document',
    )
    const [memory, { bytes }] = [await memoryOf(browser), await page.evaluate(() => window.bench.watched())]
    return {
      load_ms,
      first_score_ms: load_ms + total_ms,
      score: scores[0],
      fetched_bytes: server.sent() - before,
      wasm_bytes: bytes,
      blank_page_bytes: blank?.page.peak,
      page_bytes: memory?.page.peak,
      gpu_bytes: memory?.gpu.peak,
    }
  } finally {
    await page.context().close()
  }
}
