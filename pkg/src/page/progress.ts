// The progress of a load as one number, which never goes back.
import type { ProgressStep } from '../protocol.js'
import type { ProgressEvent } from '../types.js'

type Stage = ProgressEvent['stage']

/** Each stage's label and its share of a load, in their order. */
const STAGES: Record<Stage, [label: string, share: number]> = {
  module: ['Fetching the engine', 0.1],
  download: ['Fetching the model', 0.7],
  verify: ['Checking the model', 0.05],
  upload: ['Moving the model to the device', 0.1],
  compile: ['Warming up', 0.05],
}
const NAMES = Object.keys(STAGES) as Stage[]
/** The stages of a download alone. */
const STORED: Stage[] = ['module', 'download', 'verify']
/** Until a file of weights is known, a download's total is that of the small files before it. */
const WEIGHTS = /\.(gguf|safetensors)$/i
const COUNTED = new Set<Stage>(['download', 'verify'])

/** Adds up the steps of one load, also where it begins again on another device. */
export class LoadProgress {
  readonly #report: (event: ProgressEvent) => void
  readonly #stages: readonly Stage[]
  readonly #steps = new Map<string, ProgressStep>()
  #fraction = 0
  #last: ProgressStep | undefined

  /** `what` is done: a model is loaded, or only stored. */
  constructor(what: 'load' | 'store', report: (event: ProgressEvent) => void) {
    this.#report = report
    this.#stages = what === 'load' ? NAMES : STORED
  }

  /** Reports a step, unless it was reported before a load began again. */
  readonly add = (step: ProgressStep): void => {
    const key = `${step.stage} ${step.file ?? ''}`
    if (step.loaded < (this.#steps.get(key)?.loaded ?? 0)) return
    this.#steps.set(key, step)
    this.#last = step
    const all = this.#stages.reduce((sum, stage) => sum + STAGES[stage][1], 0)
    const done = this.#stages.reduce((sum, stage) => sum + this.#done(stage) * STAGES[stage][1], 0)
    this.#fraction = Math.max(this.#fraction, Math.min(1, done / all))
    this.#report({ ...step, overall: { fraction: this.#fraction, label: this.#label() } })
  }

  /** Reports the end, unless the last step was that. */
  end(): void {
    if (this.#last && this.#fraction < 1) this.#report({ ...this.#last, overall: { fraction: (this.#fraction = 1), label: this.#label() } })
  }

  #done(stage: Stage): number {
    const { loaded, total } = this.#sum(stage)
    if (total > 0 && (stage !== 'download' || this.#weightsKnown())) return Math.min(loaded / total, 1)
    // A stored file is not downloaded, and most loads verify nothing: a stage without steps is over once a later one has begun.
    return this.#laterBegun(stage) ? 1 : 0
  }

  /** Files are compared with their hashes before, while and after they are moved to the device. */
  #laterBegun(stage: Stage): boolean {
    return this.#stages.slice(this.#stages.indexOf(stage) + 1).some((later) => later !== 'verify' && this.#sum(later).total > 0)
  }

  #weightsKnown(): boolean {
    return [...this.#steps.values()].some(({ stage, file }) => stage === 'download' && WEIGHTS.test(file ?? ''))
  }

  #sum(stage: Stage): { loaded: number; total: number } {
    const sum = { loaded: 0, total: 0 }
    for (const step of this.#steps.values()) {
      if (step.stage !== stage) continue
      sum.loaded += step.loaded
      sum.total += step.total
    }
    return sum
  }

  /** That of the first stage that is not over. */
  #label(): string {
    const begun = this.#stages.filter((stage) => this.#sum(stage).total > 0)
    const stage = begun.find((one) => this.#sum(one).loaded < this.#sum(one).total) ?? begun.at(-1)
    if (!stage) return ''
    const { loaded, total } = this.#sum(stage)
    const [label] = STAGES[stage]
    return COUNTED.has(stage) && loaded < total ? `${label}: ${megabytes(loaded)} of ${megabytes(total)} MB` : label
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)
