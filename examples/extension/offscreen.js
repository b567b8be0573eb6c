// Holds the model, and ranks for whoever connects.
import { MODEL } from './model.js'
import { Reranker } from './secondpass/index.js'

const IDLE_MS = 5 * 60_000

/** Ports that are told of a load. */
const ports = new Set()
let loading
let idle

chrome.runtime.onConnect.addListener((port) => {
  if (port.name !== 'rerank') return
  ports.add(port)
  clearTimeout(idle)
  let running
  port.onMessage.addListener(async (request) => {
    // A newer search replaces the one that runs.
    running?.abort()
    running = new AbortController()
    const { signal } = running
    try {
      const reranker = await loaded()
      const { results } = await reranker.rerank(request, { signal })
      port.postMessage({ results })
    } catch (error) {
      if (!signal.aborted) port.postMessage({ error: error.message })
    }
  })
  // The popup was closed.
  port.onDisconnect.addListener(() => {
    running?.abort()
    ports.delete(port)
    if (ports.size === 0) idle = setTimeout(() => chrome.runtime.sendMessage('close'), IDLE_MS)
  })
})

/** The model, which is loaded at the first search; after a failure the next search tries again. */
function loaded() {
  loading ??= Reranker.load({ model: MODEL }, { onProgress: ({ overall }) => ports.forEach((port) => port.postMessage({ progress: overall })) })
  loading.catch(() => {
    loading = undefined
  })
  return loading
}
