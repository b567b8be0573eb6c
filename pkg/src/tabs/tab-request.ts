// A request of a member: sent to whoever hosts, and again to the next one if that is lost.
import type { EmbeddedVector } from '../embed-types.js'
import { deserializeError, WorkerLostError } from '../errors.js'
import type { RequestControl } from '../page/request-kind.js'
import type { RerankResult } from '../types.js'
import type { ToHost, ToMember } from './messages.js'

export type RunMessage = Extract<ToHost, { type: 'run' }>
type Answer = Extract<ToMember, { id: number }>

/** A request that was being computed when its host was lost is repeated so often; then it is taken for the cause. */
const REPEATS = 1

export class TabRequest {
  readonly response: Promise<unknown>
  #settle!: { resolve: (response: unknown) => void; reject: (error: unknown) => void }
  #started = false
  #losses = 0
  readonly #reported = new Set<number>()

  constructor(
    readonly message: RunMessage,
    readonly control: RequestControl<RerankResult | EmbeddedVector>,
  ) {
    this.response = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
  }

  get isStarted(): boolean {
    return this.#started
  }

  answer(answer: Answer): void {
    const { signal, onResult } = this.control
    switch (answer.type) {
      case 'started':
        this.#started = true
        return
      case 'result':
        // Another host begins anew.
        if (signal?.aborted || this.#reported.has(answer.result.index)) return
        this.#reported.add(answer.result.index)
        return onResult?.(answer.result)
      case 'done':
        return this.#settle.resolve(answer.response)
      case 'failed':
        return this.fail(deserializeError(answer.error, signal))
    }
  }

  fail(error: unknown): void {
    this.#settle.reject(error)
  }

  /** Its host is gone; false if that is the end of it. */
  mayRepeat(isSuspect: boolean): boolean {
    if (isSuspect && this.#started) this.#losses++
    this.#started = false
    if (this.#losses <= REPEATS) return true
    this.fail(new WorkerLostError('internal', 500, 'Two tabs that computed this request for all others have ended meanwhile.'))
    return false
  }
}
