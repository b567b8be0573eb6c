// The pool of workers: the time of a request as workers are added, with random weights of one shape.
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { makeGguf } from '../make-gguf.mjs'
import { openPage } from './browser.mjs'
import { say } from './say.mjs'
import { CACHE } from './server.mjs'
import { median } from './summary.mjs'

const MODEL = { shape: '8x512', type: 'q8_0' }
/** Numbers of workers, as far as there are cores for them. */
const COUNTS = [1, 2, 3, 4, 6, 8, 12, 16]
/** Rounds, since a machine's speed wanders; each begins with another number of workers. */
const ROUNDS = 5
const ROUNDS_QUICK = 3

/** Loads the model with each number of workers in turn, and times each workload once a round. */
export async function measurePool(url, { quick, gpu }) {
  const { shape, type } = MODEL
  const name = `random-${shape}-${type}.gguf`
  const file = join(CACHE, 'models', 'shapes', name)
  if (!existsSync(file)) makeGguf({ shape, type, out: file })
  const counts = COUNTS.filter((count) => count <= cpus().length)
  const { browser, page } = await openPage(url, { gpu })
  try {
    const samples = new Map(counts.map((count) => [count, []]))
    for (let round = 0; round < (quick ? ROUNDS_QUICK : ROUNDS); round++) {
      for (const i of counts.keys()) {
        const workers = counts[(i + round) % counts.length]
        const runs = await page.evaluate(
          async ([plan]) => (await import('/pages/pool.js')).measure(plan),
          [{ model: `${url}/models/shapes/${name}`, workers, round }],
        )
        samples.get(workers).push(runs)
        say(`${workers} ${workers > 1 ? 'workers' : 'worker'}: ${runs.workloads.map(({ name, ms }) => `${name} ${ms.toFixed(0)} ms`).join(', ')}`)
      }
    }
    return { ...MODEL, ...summary(counts, samples) }
  } finally {
    await browser.close()
  }
}

/** Medians, and how many times as fast each is as one worker. */
function summary(counts, samples) {
  const names = samples.get(counts[0])[0].workloads.map(({ name }) => name)
  const times = (workers, i) => samples.get(workers).map(({ workloads }) => workloads[i].ms)
  const point = (workers, i) => {
    const all = times(workers, i)
    return { workers, ms: median(all), least: Math.min(...all), most: Math.max(...all), speedup: median(times(counts[0], i)) / median(all) }
  }
  return {
    rounds: samples.get(counts[0]).length,
    wasm_bytes: counts.map((workers) => ({ workers, bytes: median(samples.get(workers).map(({ wasm_bytes }) => wasm_bytes)) })),
    workloads: names.map((name, i) => ({ name, tokens: samples.get(counts[0])[0].workloads[i].tokens, points: counts.map((workers) => point(workers, i)) })),
  }
}
