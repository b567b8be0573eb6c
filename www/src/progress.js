// Combines the progress events of a load into one bar that never goes back.
import { bytes } from './dom.js'

/** @import { ProgressEvent } from '../../pkg/src/index.js' */

/** @typedef {ProgressEvent['stage']} Stage */
/** @typedef {{ stage: Stage, loaded: number, total: number, rate: number }} StageSum */

/** Each stage's label and share of the bar, in their order. @type {Record<Stage, [label: string, share: number]>} */
const STAGES = {
  download: ['Fetching', 0.8],
  verify: ['Checking', 0.05],
  upload: ['Moving the weights to the device', 0.1],
  compile: ['Warming up', 0.05],
}
const STAGE_NAMES = /** @type {Stage[]} */ (Object.keys(STAGES))
/** The download counts only once a weights file is known: the small files come first and would fill the bar. */
const WEIGHTS = /\.(gguf|safetensors)$/i

/** Keeps the last event of each file in each stage. */
export class LoadProgress {
  /** The part of the load that is done, 0 to 1. */
  part = 0
  /** @type {Map<string, ProgressEvent>} */
  #events = new Map()

  /** @param {ProgressEvent} event */
  add(event) {
    this.#events.set(`${event.stage} ${event.file ?? ''}`, event)
    const part = STAGE_NAMES.reduce((sum, stage) => sum + this.#done(stage) * STAGES[stage][1], 0)
    this.part = Math.max(this.part, part)
  }

  /** The first unfinished stage, summed over its files. */
  get step() {
    const steps = STAGE_NAMES.map((stage) => this.#sum(stage)).filter(({ total }) => total > 0)
    return steps.find(({ loaded, total }) => loaded < total) ?? steps.at(-1)
  }

  /** @param {Stage} stage */
  #done(stage) {
    const { loaded, total } = this.#sum(stage)
    if (total > 0 && (stage !== 'download' || this.#weightsKnown())) return Math.min(loaded / total, 1)
    // Stored files are not downloaded and most loads verify nothing: a stage without events is over once a later one has begun.
    return this.#laterStageBegun(stage) ? 1 : 0
  }

  /** @param {Stage} stage */
  #laterStageBegun(stage) {
    return STAGE_NAMES.slice(STAGE_NAMES.indexOf(stage) + 1).some((later) => later !== 'verify' && this.#sum(later).total > 0)
  }

  #weightsKnown() {
    return [...this.#events.values()].some(({ file }) => WEIGHTS.test(file ?? ''))
  }

  /** @param {Stage} stage @returns {StageSum} */
  #sum(stage) {
    const sum = { stage, loaded: 0, total: 0, rate: 0 }
    for (const event of this.#events.values()) {
      if (event.stage !== stage) continue
      sum.loaded += event.loaded
      sum.total += event.total
      // The last rate of a finished file is not current.
      if (event.loaded < event.total) sum.rate += event.rate ?? 0
    }
    return sum
  }
}

/** The current step of a load, for display. @param {LoadProgress} [progress] */
export function stepOf(progress) {
  const step = progress?.step
  if (!step) return 'Starting…'
  const { stage, loaded, total, rate } = step
  const [label] = STAGES[stage]
  if (stage !== 'download' && stage !== 'verify') return `${label}…`
  return `${label}: ${bytes(loaded)} of ${bytes(total)}${rate > 0 ? `, ${bytes(rate)} a second` : ''}`
}
