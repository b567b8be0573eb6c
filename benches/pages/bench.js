// The page's interface for the benchmark: load an engine, time a workload, report memory.
const WORKERS_ANSWER_MS = 200
let engine

window.bench = {
  /** Loads the engine `name`: the time it took, and the engine's information. */
  async load(name, options) {
    engine = await import(`/pages/${name}.js`)
    const start = performance.now()
    const info = await engine.load(options)
    return { load_ms: performance.now() - start, info }
  },

  /** Scores a workload once: scores in document order, and the times of the first and the last score. */
  async run(workload, options = {}) {
    const scores = Array(workload.documents.length).fill(null)
    let first
    let last
    const start = performance.now()
    const extra = await engine.score(
      workload,
      (index, score) => {
        last = performance.now() - start
        first ??= last
        scores[index] = score
      },
      options,
    )
    const total_ms = performance.now() - start
    // Only scores reported by the callback count, whatever the engine returns at the end.
    const missing = scores.filter((score) => score === null).length
    if (missing) throw new Error(`${missing} of ${scores.length} documents were never reported`)
    return { total_ms, first_ms: first, last_ms: last, scores, extra }
  },

  /** Bytes of all wasm memories and the number of GPU submissions, in the page and its workers. */
  watched() {
    const channel = new BroadcastChannel('watch')
    const sum = window.watched()
    channel.onmessage = ({ data }) => {
      sum.bytes += data.bytes ?? 0
      sum.submissions += data.submissions ?? 0
    }
    channel.postMessage('what?')
    return new Promise((resolve) =>
      setTimeout(() => {
        channel.close()
        resolve(sum)
      }, WORKERS_ANSWER_MS),
    )
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
