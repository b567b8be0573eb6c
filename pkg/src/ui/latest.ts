// Work of which only the newest counts: a search at each keystroke, say. A new run aborts the one before it.

/** How far the newest run is. */
export interface RunState<Value> {
  readonly status: 'idle' | 'running' | 'done' | 'failed'
  /** What the newest run has shown or returned; until then what the one before it had. */
  readonly value?: Value
  /** Why the newest run failed. */
  readonly error?: Error
}

/** What a run is given. */
export interface RunContext<Value> {
  /** Aborted by the next run, by `abort()`, and when the component has gone. */
  signal: AbortSignal
  /** Shows a value before the run is done. */
  show(value: Value): void
}

/** The work itself. */
export type Work<Args extends unknown[], Value> = (context: RunContext<Value>, ...args: Args) => Promise<Value>

/** Values that are shown faster than this, in milliseconds, are drawn together. */
const SHOW_MS = 50

/** Runs work, and tells its listeners of the newest run alone. */
export class Latest<Args extends unknown[], Value> {
  work: Work<Args, Value>
  #state: RunState<Value> = { status: 'idle' }
  #running: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #listeners = new Set<() => void>()

  constructor(work: Work<Args, Value>) {
    this.work = work
  }

  readonly state = (): RunState<Value> => this.#state

  readonly subscribe = (onChange: () => void): (() => void) => {
    this.#listeners.add(onChange)
    return () => this.#listeners.delete(onChange)
  }

  /** Resolves with what the work gives, or with nothing if it failed (`error` says why) or was aborted. It never rejects. */
  readonly run = async (...args: Args): Promise<Value | undefined> => {
    this.#stop()
    const controller = new AbortController()
    this.#running = controller
    const { signal } = controller
    this.#set({ ...this.#lastValue(), status: 'running' })
    // Work may go on showing values when it has ended already.
    const isOver = () => this.#running !== controller
    const show = (value: Value) => isOver() || this.#later({ status: 'running', value })
    try {
      const value = await this.work({ signal, show }, ...args)
      if (isOver()) return undefined
      this.#end({ status: 'done', value })
      return value
    } catch (error) {
      if (!isOver()) this.#end({ status: 'failed', error: error as Error })
      return undefined
    }
  }

  /** Aborts what runs. */
  readonly abort = (): void => {
    if (!this.#stop()) return
    this.#set({ ...this.#lastValue(), status: 'idle' })
  }

  /** Aborts what runs, and tells nobody: for a component that has gone. */
  readonly leave = (): void => {
    if (this.#stop()) this.#state = { ...this.#lastValue(), status: 'idle' }
  }

  /** Whether there was a run to stop. */
  #stop(): boolean {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const running = this.#running
    this.#running = undefined
    running?.abort()
    return running !== undefined
  }

  #lastValue(): Pick<RunState<Value>, 'value'> {
    const { value } = this.#state
    return value === undefined ? {} : { value }
  }

  #end(state: RunState<Value>): void {
    this.#running = undefined
    this.#set(state)
  }

  #later(state: RunState<Value>): void {
    this.#state = state
    this.#timer ??= setTimeout(() => this.#tell(), SHOW_MS)
  }

  #set(state: RunState<Value>): void {
    this.#state = state
    this.#tell()
  }

  #tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const onChange of [...this.#listeners]) onChange()
  }
}
