// For tests of the pool: workers that can be counted and watched, and requests that are worth sharing out.

/**
 * Without packing a score is the same to the bit however often and wherever it is computed. With it, the documents that are computed
 * together decide in which order sums are added; how many these are depends on time, for one worker too.
 */
export const EXACT = { packing: false }
export const PACKED = {}

/** Starts workers; `names` say in which way each dies (dying-worker-setup.js). `seen` has what each was asked to score, `aborts` how often it was told to stop. */
export function watchedWorkers(names = []) {
  const seen = []
  const aborts = []
  const worker = () => {
    const requests = []
    const name = names[seen.length] ?? ''
    const number = seen.push(requests) - 1
    aborts.push(0)
    const started = new Worker('/pages/dying-worker.js', { type: 'module', name })
    const post = started.postMessage.bind(started)
    started.postMessage = (message, transfer) => {
      if (message.type === 'rerank') requests.push({ ...JSON.parse(message.body), given: message.attachments.map((attachment) => attachment !== null) })
      if (message.type === 'abort') aborts[number]++
      post(message, transfer)
    }
    return started
  }
  return { worker, seen, aborts }
}

const WORDS = 'the river turns slowly below an old stone bridge where boats once carried grain to market'.split(' ')

/** Texts of different lengths, each of which differs from all others. Their prompts fit into one submission, whatever its size. */
export function texts(count, words = 40) {
  const word = (i) => WORDS[(i * 7 + (i >> 3)) % WORDS.length]
  return Array.from({ length: count }, (_, n) => `${n} ${Array.from({ length: 10 + ((n * 37) % words) }, (_, i) => word(n * 11 + i)).join(' ')}`)
}

/** What of a response does not depend on time or on how much was computed twice. */
export const lasting = ({ results, usage, model, meta }) => ({ results, usage, model, device: meta.device, warnings: meta.warnings, failed: meta.failed })

export async function until(condition) {
  const deadline = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('it took too long')
    await new Promise((done) => setTimeout(done, 10))
  }
}
