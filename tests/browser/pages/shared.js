// For tests of tabs that share a model: one reranker of the page, and requests that go on while the test does something else.
import * as pool from '/pages/pool.js'

export { pool }

/** Loads a shared model into `window.reranker`; workers are counted and watched in `window.watched`. `names`: how they die. */
export async function share(options, { names = [], type = 'Reranker' } = {}) {
  window.watched = pool.watchedWorkers(names)
  window.fractions = []
  const onProgress = ({ overall }) => window.fractions.push(overall.fraction)
  window.reranker = await secondpass[type].load({ device: 'cpu', workers: 1, shared: true, worker: window.watched.worker, ...options }, { onProgress })
  return window.reranker.info
}

/** Begins a request; `window.asked` has what is known of it. */
export function ask(count, { query = 'q', documents = pool.texts(count) } = {}) {
  const controller = new AbortController()
  const asked = { reported: [], outcome: undefined, abort: () => controller.abort(new Error('enough')) }
  const onResult = ({ index }) => asked.reported.push(index)
  asked.done = outcome(() => window.reranker.rerank({ query, documents }, { signal: controller.signal, onResult })).then((result) => {
    asked.outcome = result
    return result
  })
  window.asked = asked
}
