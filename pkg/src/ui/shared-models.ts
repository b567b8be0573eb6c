// The rerankers and embedders that the components of a page share: one for each set of options.
import type { EmbedderOptions } from '../embed-types.js'
import type { EmbedderLike } from '../embedder-like.js'
import { modelKey } from '../model-key.js'
import type { LoadOptions } from '../reranker.js'
import type { RerankerLike } from '../reranker-like.js'
import type { LoadControl } from '../types.js'
import { Embedder, Reranker, wrongArgument } from './main-entry.js'
import { type Disposable, IDLE, type ModelState, SharedModel } from './shared-model.js'

/** How long a model is kept that no component uses. */
export interface SharingOptions {
  /** Milliseconds after the last component has gone until the model is disposed of. Default 5,000. */
  keepMs?: number
}

const KEEP_MS = 5000

/** The options of a load, a model that is there already, or nothing (yet). */
export type ModelFor<Options, Model> = Options | Model | null | undefined

/** A model as one component sees it. */
export interface ModelUse<Model> {
  /** Equal for components that share a model, and for one component as long as it uses the same. */
  readonly key: unknown
  /** Begins to use it, and so loads it; the function that comes back ends the use. */
  use(onChange: () => void): () => void
  state(): ModelState<Model>
  retry(): void
}

/** All models of a kind. `call` is how its users are written, and `method` what a model that is there already has. */
class SharedModels<Options extends { fallback?: unknown }, Model extends object> {
  readonly #models = new Map<string, SharedModel<Model & Disposable>>()
  readonly #given = new WeakMap<Model, ModelState<Model>>()

  constructor(
    readonly load: (options: Options, control: LoadControl) => Promise<Model & Disposable>,
    readonly method: string,
  ) {}

  /** What a component asks for. Models that it gives are the caller's own, and never disposed of. */
  find(given: ModelFor<Options, Model>, { keepMs = KEEP_MS }: SharingOptions): ModelUse<Model> {
    if (given === null || given === undefined) return constant(given, IDLE)
    if (typeof given !== 'object') throw wrongArgument(`give the options of a load, such as { model: ${JSON.stringify(given)} }, or null for none yet`)
    if (this.method in given) return constant(given, this.#ready(given as Model))
    const options = given as Options
    const key = modelKey(options)
    if (isServer()) return constant(key, IDLE)
    return {
      key,
      use: (onChange) => this.#shared(key, options).use(onChange, keepMs),
      state: () => this.#models.get(key)?.state ?? IDLE,
      retry: () => this.#models.get(key)?.retry(),
    }
  }

  /** Equal at each call, so that no component draws itself again for it. */
  #ready(model: Model): ModelState<Model> {
    const state = this.#given.get(model) ?? { status: 'ready', model }
    this.#given.set(model, state)
    return state
  }

  #shared(key: string, options: Options): SharedModel<Model & Disposable> {
    const known = this.#models.get(key)
    if (known) return known
    const loader = {
      load: (control: LoadControl) => this.load(options, control),
      // A fallback that was handed over as it is may be used elsewhere too.
      owns: (model: unknown) => model !== options.fallback,
    }
    const made = new SharedModel<Model & Disposable>(loader, () => this.#models.delete(key))
    this.#models.set(key, made)
    return made
  }
}

/** Where a page is rendered, which must load nothing. Some frameworks have users there too: stores are subscribed to, and scopes need no component. */
const isServer = () => typeof window === 'undefined'

/** What does not change, and needs no care. */
const constant = <Model>(key: unknown, state: ModelState<Model>): ModelUse<Model> => ({ key, use: () => () => {}, state: () => state, retry: () => {} })

/** Rerankers, by the options of `Reranker.load`. */
export const rerankers = new SharedModels<LoadOptions, RerankerLike>((options, control) => Reranker.load(options, control), 'rerank')

/** Embedders, by the options of `Embedder.load`. */
export const embedders = new SharedModels<EmbedderOptions & { fallback?: never }, EmbedderLike>((options, control) => Embedder.load(options, control), 'embed')
