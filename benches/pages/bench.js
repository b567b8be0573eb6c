// What the command asks of a page: load an engine, time a workload, say how much memory it took.
const ANSWERS_MS = 200
let engine

window.bench = {
  /** Loads `name` with its options; how long that took, and what the engine says of itself. */
  async load(name, options) {
    engine = await import(`/pages/${name}.js`)
    const start = performance.now()
    const info = await engine.load(options)
    return { load_ms: performance.now() - start, info }
  },

  /** Scores a workload once: scores in the order of its documents, and when the first and the last were there. */
  async run(workload, options = {}) {
    const scores = Array(workload.documents.length).fill(null)
    let first
    let last
    const start = performance.now()
    const extra = await engine.score(workload, (index, score) => {
      last = performance.now() - start
      first ??= last
      scores[index] = score
    }, options)
    const total_ms = performance.now() - start
    // What no callback brought is missing, whatever the engine says at the end.
    const missing = scores.filter((score) => score === null).length
    if (missing) throw new Error(`${missing} of ${scores.length} documents were never reported`)
    return { total_ms, first_ms: first, last_ms: last, scores, extra }
  },

  /** Bytes of all wasm memories, and how often a GPU was given work, here and in workers. */
  watched() {
    const channel = new BroadcastChannel('watch')
    const sum = window.watched()
    channel.onmessage = ({ data }) => {
      sum.bytes += data.bytes ?? 0
      sum.submissions += data.submissions ?? 0
    }
    channel.postMessage('what?')
    return new Promise((resolve) => setTimeout(() => { channel.close(); resolve(sum) }, ANSWERS_MS))
  },

  /** The adapter that WebGPU offers here. */
  async adapter() {
    const adapter = await navigator.gpu?.requestAdapter()
    if (!adapter) return null
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info
    return { vendor, architecture, device, description, fallback: isFallbackAdapter, features: [...adapter.features].sort() }
  },
}
window.ready = true
