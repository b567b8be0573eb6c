// `secondpass/svelte`: stores that load a model while components use it, and of whose requests only the newest counts.
import { derived, type Readable, readable } from 'svelte/store'
import type { EmbedderOptions } from '../embed-types.js'
import type { EmbedderLike } from '../embedder-like.js'
import type { LoadOptions } from '../reranker.js'
import type { RerankerLike } from '../reranker-like.js'
import type { ProgressEvent, RerankRequest, RerankResponse, RerankResult } from '../types.js'
import { Latest, type RunState, type Work } from './latest.js'
import { type RerankProgress, rerankWork } from './rerank-work.js'
import { IDLE, type ModelState } from './shared-model.js'
import { embedders, type ModelFor, type ModelUse, rerankers, type SharingOptions } from './shared-models.js'

export type { EmbedderLike } from '../embedder-like.js'
export type { RerankerLike } from '../reranker-like.js'
export type { RunContext, RunState, Work } from './latest.js'
export type { RerankProgress } from './rerank-work.js'
export type { ModelState } from './shared-model.js'
export type { ModelFor, SharingOptions } from './shared-models.js'

/** What a store says of a model. */
export interface ModelValue {
  /** `idle`: nothing is to be loaded, or this is a server. */
  readonly status: ModelState<unknown>['status']
  /** The last event while it is `loading`. */
  readonly progress?: ProgressEvent
  /** Why it `failed`. */
  readonly error?: Error
}

/** The value of {@link rerankerStore}. */
export interface RerankerValue extends ModelValue {
  /** Set once the status is `ready`. */
  readonly reranker?: RerankerLike
}

/** The value of {@link embedderStore}. */
export interface EmbedderValue extends ModelValue {
  /** Set once the status is `ready`. */
  readonly embedder?: EmbedderLike
}

/** A store of a model. */
export interface ModelStore<Value> extends Readable<Value> {
  /** Loads it again after a failure, or when it has closed since. */
  retry(): void
}

/**
 * The reranker of these options: loaded when the first component subscribes, shared by all that have equal options, and disposed of
 * some time after the last is gone. `null` loads nothing yet; options that change are given as a store. A reranker that is given
 * instead is used as it is.
 *
 * ```html
 * const model = rerankerStore({ model: 'hf:cross-encoder/ettin-reranker-32m-v1' })
 * …
 * {$model.status} {$model.progress?.overall.label}
 * ```
 */
export function rerankerStore(
  given: ModelFor<LoadOptions, RerankerLike> | Readable<ModelFor<LoadOptions, RerankerLike>>,
  sharing: SharingOptions = {},
): ModelStore<RerankerValue> {
  return modelStore(
    given,
    (options) => rerankers.find(options, sharing),
    ({ model, ...rest }): RerankerValue => ({ ...rest, ...(model && { reranker: model }) }),
  )
}

/** The same for an embedder and the options of `Embedder.load`. */
export function embedderStore(
  given: ModelFor<EmbedderOptions, EmbedderLike> | Readable<ModelFor<EmbedderOptions, EmbedderLike>>,
  sharing: SharingOptions = {},
): ModelStore<EmbedderValue> {
  return modelStore(
    given,
    (options) => embedders.find(options, sharing),
    ({ model, ...rest }): EmbedderValue => ({ ...rest, ...(model && { embedder: model }) }),
  )
}

function modelStore<Given, Model, Value>(
  given: Given | Readable<Given>,
  find: (given: Given) => ModelUse<Model>,
  name: (state: ModelState<Model>) => Value,
): ModelStore<Value> {
  let retry = () => {}
  const store = derived<Readable<Given>, Value>(
    isStore(given) ? given : readable(given),
    (options, set) => {
      const found = find(options)
      retry = found.retry
      const show = () => set(name(found.state()))
      const leave = found.use(show)
      show()
      return leave
    },
    name(IDLE),
  )
  return { subscribe: store.subscribe, retry: () => retry() }
}

const isStore = <Value>(given: Value | Readable<Value>): given is Readable<Value> => typeof given === 'object' && given !== null && 'subscribe' in given

/** What {@link latestStore} returns. */
export interface LatestStore<Args extends unknown[], Value> extends Readable<RunState<Value>> {
  /** Starts a run, which aborts the one before it. Resolves with what the work gives, or with nothing if it failed or was aborted; it never rejects. */
  run(...args: Args): Promise<Value | undefined>
  /** Aborts what runs. */
  abort(): void
}

/**
 * Runs asynchronous work of which only the newest counts; it is aborted by the next run and when the last subscriber is gone.
 *
 * ```ts
 * const search = latestStore(({ signal }, query: string) => rerankHits($model.reranker, miniSearch.search(query), { query, text: 'body', signal }))
 * ```
 */
export function latestStore<Args extends unknown[], Value>(work: Work<Args, Value>): LatestStore<Args, Value> {
  const latest = new Latest(work)
  const { subscribe } = readable(latest.state(), (set) => {
    set(latest.state())
    const stop = latest.subscribe(() => set(latest.state()))
    return () => {
      stop()
      latest.leave()
    }
  })
  return { subscribe, run: latest.run, abort: latest.abort }
}

/** The value of {@link rerankStore}. */
export interface RerankValue {
  /** How far the newest request is. */
  readonly status: RunState<unknown>['status']
  /** Best first. They arrive while the request runs; until the first of them is there, they are those of the request before it. */
  readonly results: readonly RerankResult[]
  /** The whole answer of the newest request. */
  readonly response?: RerankResponse
  /** Why it failed. */
  readonly error?: Error
}

/** What {@link rerankStore} returns. */
export interface RerankStore extends Readable<RerankValue> {
  /** Starts a request, which aborts the one before it. Resolves with the answer, or with nothing if it failed or was aborted; it never rejects. */
  run(request: RerankRequest): Promise<RerankResponse | undefined>
  /** Aborts what runs. */
  abort(): void
}

/**
 * Requests to a reranker, of which only the newest counts. The reranker is given as a function, since it may be loaded later.
 *
 * ```html
 * const answer = rerankStore(() => $model.reranker)
 * …
 * {#each $answer.results as { index, relevance_score }}
 * ```
 */
export function rerankStore(reranker: () => RerankerLike | null | undefined): RerankStore {
  const latest = latestStore<[RerankRequest], RerankProgress>(rerankWork(reranker))
  const { subscribe } = derived(latest, ({ status, value, error }): RerankValue => {
    const { results = [], response } = value ?? {}
    return { status, results, ...(response && { response }), ...(error && { error }) }
  })
  return { subscribe, run: async (request) => (await latest.run(request))?.response, abort: latest.abort }
}
