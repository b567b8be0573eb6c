// Loads with `device: 'auto'` whose workers are counted. `window.routing` is for tests; a worker may be told to fail, by its name.

/** Workers, by the names of `names` in their order; those after them have the last name. */
function counted(script, names) {
  const workers = { started: 0, ended: 0, asked: 0 }
  const worker = () => {
    const started = new Worker(script, { type: 'module', name: names[Math.min(workers.started++, names.length - 1)] ?? '' })
    const { postMessage, terminate } = started
    started.postMessage = (message, ...rest) => {
      if (message.type === 'rerank') workers.asked++
      return postMessage.call(started, message, ...rest)
    }
    started.terminate = () => {
      workers.ended++
      terminate.call(started)
    }
    return started
  }
  return { workers, worker }
}

/** Hides from the package that the adapter computes in software, as browsers did that had no flag for it. */
const HIDDEN = '/pages/hidden-fragile-worker.js'

/** Loads a model and scores `request` or embeds a text; what it ran on, how many workers that took, and how long. */
export async function load(options, { script = HIDDEN, names = [''], request, kind = 'Reranker', control = {} } = {}) {
  const { workers, worker } = counted(script, names)
  const start = performance.now()
  const model = await window.secondpass[kind].load({ worker, workers: 1, ...options }, control)
  const ms = performance.now() - start
  const { device, routing, recovered_from, shared } = model.info
  const { started } = workers
  const results = request && (await model.rerank(request)).results
  model.dispose()
  return { device, routing, recovered_from, shared, started, left: workers.started - workers.ended, ms, results }
}

/** Aborts a load when `when` says so of its workers; the error, how long that took, and what is left. */
export async function abort(options, when) {
  const { workers, worker } = counted(HIDDEN, [''])
  const controller = new AbortController()
  const reason = new Error('not wanted any more')
  const loading = window.secondpass.Reranker.load({ worker, workers: 1, ...options }, { signal: controller.signal }).catch((error) => error)
  let over = false
  void loading.then(() => (over = true))
  while (!when(workers) && !over) await new Promise((done) => setTimeout(done, 5))
  const start = performance.now()
  controller.abort(reason)
  const same = (await loading) === reason
  return { same, ms: performance.now() - start, left: workers.started - workers.ended, kept: localStorage.getItem('secondpass:routing') ?? '' }
}
