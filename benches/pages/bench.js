// What the command asks of a page: load an engine, time a workload, say how much memory it took.
const HEAP_ANSWERS_MS = 200
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
    const start = performance.now()
    const extra = await engine.score(workload, (index, score) => {
      first ??= performance.now() - start
      scores[index] = score
    }, options)
    return { total_ms: performance.now() - start, first_ms: first, scores, extra }
  },

  /** Bytes of all wasm memories, here and in workers. */
  heap() {
    const channel = new BroadcastChannel('heap')
    let sum = window.heapBytes()
    channel.onmessage = ({ data }) => { sum += typeof data === 'number' ? data : 0 }
    channel.postMessage('how much?')
    return new Promise((resolve) => setTimeout(() => { channel.close(); resolve(sum) }, HEAP_ANSWERS_MS))
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
