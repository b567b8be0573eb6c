// A page that needs no driver: asks the server for its job, does it, and reports.
import '/pages/bench.js'

const WARM_UP = 'What is this document about, in one word?'
const PROBE_DOCUMENTS = 8
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxStorageBuffersPerShaderStage',
]

const report = (message) => fetch('/report', { method: 'POST', body: JSON.stringify(message) })

const JOBS = {
  async adapter() {
    const adapter = await window.bench.adapter()
    const limits = (await navigator.gpu?.requestAdapter())?.limits
    return { event: 'adapter', adapter: adapter && { ...adapter, limits: Object.fromEntries(LIMITS.map((name) => [name, limits[name]])) } }
  },

  async leg({ page, options, device, workload, documents, rounds, batches, tolerance }) {
    const { bench } = window
    // The engines want whole addresses.
    const whole = Object.fromEntries(Object.entries(options).map(([key, value]) => [key, `${value}`.startsWith('/') ? location.origin + value : value]))
    const { load_ms, info } = await bench.load(page, whole)
    const part = firstOf(workload, documents)
    const warmUp = { ...firstOf(workload, 1), query: WARM_UP }
    const first_request_ms = (await bench.run(warmUp)).total_ms
    if (device === 'webgpu' && !(await bench.watched()).submissions) throw new Error('it was told to use the GPU, gave it no work, and computed on the CPU')
    const batch = await bestBatch(part, batches)
    const { scores } = await bench.run(part, { batch })
    const times = []
    const single = []
    for (let round = 0; round < rounds; round++) {
      // A new query each time, since ours keeps the start of a prompt for the same query.
      times.push((await bench.run({ ...part, query: `${part.query} (${round})` }, { batch })).total_ms)
      single.push((await bench.run({ ...firstOf(workload, 1), query: `${part.query} (one, ${round})` })).total_ms)
    }
    const { submissions, bytes } = await bench.watched()
    const leg = {
      load_ms,
      info,
      first_request_ms,
      documents,
      batch,
      tolerance,
      ms_a_document: median(times) / documents,
      one_document_ms: median(single),
      scores,
    }
    return { event: 'leg', leg: { ...leg, submissions, wasm_bytes: bytes } }
  },
}

const firstOf = (workload, count) => ({ ...workload, documents: workload.documents.slice(0, count), ids: workload.ids.slice(0, count) })
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** The fastest batch size of a peer; 1 for engines without that option. */
async function bestBatch(workload, batches) {
  const probe = firstOf(workload, PROBE_DOCUMENTS)
  let best = { ms: Infinity, batch: 1 }
  for (const batch of batches ?? []) {
    if (batch > probe.documents.length) continue
    const { total_ms } = await window.bench.run(probe, { batch })
    if (total_ms < best.ms) best = { ms: total_ms, batch }
  }
  return best.batch
}

try {
  const job = await (await fetch('/job')).json()
  await report(await JOBS[job.kind](job))
} catch (error) {
  await report({ event: 'failed', message: `${error?.message ?? error}`.split('\n')[0].slice(0, 300) })
}
