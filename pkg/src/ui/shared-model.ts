// A model that several components use: loaded for the first of them, disposed of some time after the last.
import type { LoadControl, ProgressEvent } from '../types.js'

/** What can be disposed of when no component needs it. */
export interface Disposable {
  dispose(): void
  readonly closed?: boolean
}

/** How far a model is. */
export interface ModelState<Model> {
  /** `idle`: nothing is to be loaded, or not yet. */
  readonly status: 'idle' | 'loading' | 'ready' | 'failed'
  /** Set once it is `ready`. */
  readonly model?: Model
  /** The last event while it is `loading`. */
  readonly progress?: ProgressEvent
  /** Why it `failed`. */
  readonly error?: Error
}

/** Before anything is loaded, and on a server. */
export const IDLE: ModelState<never> = { status: 'idle' }

/** What loads a model. What it resolves with is disposed of only if it `owns` it. */
export interface ModelLoader<Model> {
  load(control: LoadControl): Promise<Model>
  owns(model: Model): boolean
}

/** One model with its users. It lives on for a while without any: a page that is left for another one, or a test of effects that mounts twice, comes back. */
export class SharedModel<Model extends Disposable> {
  #state: ModelState<Model> = IDLE
  /** A call of `use` is a user, also where two of them have the same callback. */
  readonly #users = new Set<{ onChange: () => void }>()
  #loading = new AbortController()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `onEnd` is called when it was disposed of. */
  constructor(
    readonly loader: ModelLoader<Model>,
    readonly onEnd: () => void,
  ) {}

  get state(): ModelState<Model> {
    return this.#state
  }

  /** Loads it if nobody has. The function that comes back ends the use; the last one to do so disposes of the model after `keepMs`. */
  use(onChange: () => void, keepMs: number): () => void {
    clearTimeout(this.#timer)
    const isFirst = this.#users.size === 0
    const user = { onChange }
    this.#users.add(user)
    // A failure that nobody has looked at is no reason not to try.
    if (this.#state.status === 'idle' || (isFirst && this.#isOver())) this.#load()
    return () => {
      if (!this.#users.delete(user) || this.#users.size > 0) return
      this.#timer = setTimeout(() => this.#end(), keepMs)
    }
  }

  /** Loads it again, if it failed or has closed since. */
  retry(): void {
    if (this.#isOver()) this.#load()
  }

  #isOver(): boolean {
    const { status, model } = this.#state
    return status === 'failed' || model?.closed === true
  }

  #load(): void {
    this.#loading = new AbortController()
    const { signal } = this.#loading
    const show = (state: ModelState<Model>) => signal.aborted || this.#show(state)
    show({ status: 'loading' })
    const loaded = this.loader.load({ signal, onProgress: (progress) => show({ status: 'loading', progress }) })
    loaded.then(
      // A load that was complete before it heard of the abort holds a worker and its memory.
      (model) => (signal.aborted ? this.#dispose(model) : show({ status: 'ready', model })),
      (error: Error) => show({ status: 'failed', error }),
    )
  }

  #show(state: ModelState<Model>): void {
    this.#state = state
    for (const { onChange } of [...this.#users]) onChange()
  }

  #end(): void {
    this.#loading.abort()
    if (this.#state.model) this.#dispose(this.#state.model)
    this.#state = IDLE
    this.onEnd()
  }

  #dispose(model: Model): void {
    if (this.loader.owns(model)) model.dispose()
  }
}
