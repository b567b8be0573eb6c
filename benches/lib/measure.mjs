// Rounds over all engines: each starts a fresh browser, loads, warms up and runs the workloads.
import { memoryOf } from '../../scripts/memory.mjs'
import { openPage } from './browser.mjs'

const WARM_UP = 'What is this document about, in one word?'
/** Limit for a load or a single document; beyond it the engine is reported as unable to run. */
const TIMEOUT_MS = 300_000
const PROBE_DOCUMENTS = 8

/** One workload with its first `count` documents. */
export const firstOf = (workload, count) => ({ ...workload, documents: workload.documents.slice(0, count), ids: workload.ids.slice(0, count) })

/** Measures `legs` on `workloads` in several rounds. Each result has its samples, or the reason for having none. */
export async function measure(url, legs, workloads, { rounds, budget, gpu, say = () => {} }) {
  const results = legs.map((leg) => ({ leg, rounds: [], failure: null }))
  for (let round = 0; round < rounds; round++) {
    // In alternating order, so that a machine that slows down does not always affect the same engine.
    for (const result of round % 2 ? results.toReversed() : results) {
      if (result.failure || round >= (result.leg.rounds ?? rounds)) continue
      try {
        result.rounds.push(await oneRound(url, result, workloads, { budget, gpu }))
        say(`${result.leg.key}: ${sentence(result.rounds.at(-1))}`)
      } catch (error) {
        result.failure = reason(error)
        say(`${result.leg.key}: cannot run: ${result.failure}`)
      }
    }
  }
  return results
}

function sentence({ load_ms, runs }) {
  const each = runs.map((run) => (run.skipped ? `${run.workload} ${run.skipped}` : `${run.workload} ${run.per_document_ms.toFixed(0)} ms per document`))
  return `loaded in ${(load_ms / 1000).toFixed(1)} s; ${each.join(', ')}`
}

async function oneRound(url, result, workloads, { budget, gpu }) {
  const { leg } = result
  const { browser, page } = await openPage(url, { gpu })
  try {
    const loaded = await withTimeout(
      page.evaluate(([name, options]) => window.bench.load(name, options), [leg.page, leg.options]),
      'loading',
    )
    const run = (workload, options) => page.evaluate(([workload, options]) => window.bench.run(workload, options), [workload, options])
    const warmUp = { ...firstOf(workloads[0], 1), query: WARM_UP }
    const warm = await withTimeout(run(warmUp), 'the first document')
    if (leg.device === 'webgpu' && !(await page.evaluate(() => window.bench.watched())).submissions) {
      throw new Error('it was told to use the GPU, gave it no work, and computed on the CPU')
    }
    // The first document included compiling and filling caches; a second one gives the time of a document.
    const probe_ms = leg.most || leg.batches ? (await run(warmUp)).total_ms : 0
    result.batch ??= await bestBatch(run, leg, workloads, probe_ms, budget)
    const runs = []
    for (const workload of workloads) {
      // Every engine runs at least one document of the first workload, however long it takes.
      const limit = workload === workloads[0] ? Infinity : budget
      const count = documentsOf(leg, workload, (probe_ms * workload.ids[0].length) / workloads[0].ids[0].length, limit)
      runs.push(
        count ? await oneRun(run, workload, count, result.batch) : { workload: workload.name, skipped: `not run: one document takes longer than ${budget} s` },
      )
    }
    const { bytes, submissions } = await page.evaluate(() => window.bench.watched())
    return {
      load_ms: loaded.load_ms,
      info: loaded.info,
      first_request_ms: warm.total_ms,
      runs,
      wasm_bytes: bytes,
      submissions,
      memory: await memoryOf(browser),
    }
  } finally {
    await browser.close()
  }
}

/** All documents, or for an engine with a limit as many as fit into the time budget. */
function documentsOf({ most }, { documents }, each_ms, budget) {
  if (!most) return documents.length
  return Math.min(documents.length, most, Math.floor((budget * 1000) / each_ms))
}

async function oneRun(run, workload, count, batch) {
  const { total_ms, first_ms, last_ms, scores, extra } = await run(firstOf(workload, count), { batch })
  return {
    workload: workload.name,
    documents: count,
    of: workload.documents.length,
    total_ms,
    first_ms,
    last_ms,
    per_document_ms: total_ms / count,
    scores,
    extra,
  }
}

/** The fastest batch size of a peer; 1 for engines without that option. */
async function bestBatch(run, { batches }, workloads, probe_ms, budget) {
  if (!batches) return 1
  const count = Math.min(PROBE_DOCUMENTS, workloads[0].documents.length, Math.max(1, Math.floor((budget * 1000) / (3 * probe_ms))))
  const times = []
  for (const batch of batches.filter((batch) => batch <= count)) times.push([batch, (await run(firstOf(workloads[0], count), { batch })).total_ms])
  return times.length ? times.reduce((best, each) => (each[1] < best[1] ? each : best))[0] : 1
}

/** Rejects after a timeout. */
export function withTimeout(work, what) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** An error's message in one line. */
export const reason = (error) =>
  error.message
    .replace(/^page\.evaluate: (Error: )?/, '')
    .split('\n')[0]
    .slice(0, 300)
