// The many steps of a load as one bar that never goes back.
import { bytes } from './dom.js'

/** What each stage is in words, in their order, and its share of the bar. */
const STAGES = {
  download: ['Fetching', 0.8], verify: ['Checking', 0.05], upload: ['Moving the weights to the device', 0.1], compile: ['Warming up', 0.05],
}
const NAMES = Object.keys(STAGES)
/** Before the weights are known the small files would fill the bar. */
const WEIGHTS = /\.(gguf|safetensors)$/i

/** Keeps the last event of each file in each stage. */
export class LoadProgress {
  /** How much of everything is done, 0 to 1. */
  part = 0
  #events = new Map()

  add(event) {
    this.#events.set(`${event.stage} ${event.file ?? ''}`, event)
    const part = NAMES.reduce((sum, name) => sum + this.#done(name) * STAGES[name][1], 0)
    this.part = Math.max(this.part, part)
  }

  /** The first stage that is not at its end, with the sums of its files. */
  get step() {
    const steps = NAMES.map((name) => this.#sum(name)).filter(({ total }) => total > 0)
    return steps.find(({ loaded, total }) => loaded < total) ?? steps.at(-1)
  }

  #done(stage) {
    const { loaded, total } = this.#sum(stage)
    if (total > 0 && (stage !== 'download' || this.#knowsWeights())) return Math.min(loaded / total, 1)
    // What is stored is not fetched, and few loads are checked.
    return this.#later(stage) ? 1 : 0
  }

  #later(stage) {
    return NAMES.slice(NAMES.indexOf(stage) + 1).some((name) => name !== 'verify' && this.#sum(name).total > 0)
  }

  #knowsWeights() {
    return [...this.#events.values()].some(({ file }) => WEIGHTS.test(file ?? ''))
  }

  #sum(stage) {
    const events = [...this.#events.values()].filter((event) => event.stage === stage)
    const sum = (field) => events.reduce((all, event) => all + (event[field] ?? 0), 0)
    // A file at its end has no speed any more.
    const rate = events.filter(({ loaded, total }) => loaded < total).reduce((all, event) => all + (event.rate ?? 0), 0)
    return { stage, loaded: sum('loaded'), total: sum('total'), rate }
  }
}

/** A step of loading in words. */
export function stepOf(progress) {
  const step = progress?.step
  if (!step) return 'Starting…'
  const { stage, loaded, total, rate } = step
  const counted = stage === 'download' || stage === 'verify'
  return `${STAGES[stage][0]}${counted ? `: ${bytes(loaded)} of ${bytes(total)}` : '…'}${counted && rate > 0 ? `, ${bytes(rate)} a second` : ''}`
}
