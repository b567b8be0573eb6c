// `secondpass/vue`: composables that load a model while components use it, and of whose requests only the newest counts.
import {
  type ComputedRef,
  computed,
  getCurrentInstance,
  type MaybeRefOrGetter,
  onMounted,
  onScopeDispose,
  type ShallowRef,
  shallowRef,
  toValue,
  watch,
} from 'vue'
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

/** What a composable says of a model. */
export interface ModelRefs {
  /** `idle`: nothing is to be loaded, or this is a server. */
  readonly status: ComputedRef<ModelState<unknown>['status']>
  /** The last event while it is `loading`. */
  readonly progress: ComputedRef<ProgressEvent | undefined>
  /** Why it `failed`. */
  readonly error: ComputedRef<Error | undefined>
  /** Loads it again after a failure, or when it has closed since. */
  readonly retry: () => void
}

/** What {@link useReranker} returns. */
export interface RerankerRefs extends ModelRefs {
  /** Set once the status is `ready`. */
  readonly reranker: ComputedRef<RerankerLike | undefined>
}

/** What {@link useEmbedder} returns. */
export interface EmbedderRefs extends ModelRefs {
  /** Set once the status is `ready`. */
  readonly embedder: ComputedRef<EmbedderLike | undefined>
}

/**
 * The reranker of these options: loaded when the first component that uses it is mounted, shared by all that have equal options, and
 * disposed of some time after the last is gone. `null` loads nothing yet. A reranker that is given instead is used as it is.
 *
 * ```ts
 * const { reranker, status, progress, error, retry } = useReranker({ model: 'hf:cross-encoder/ettin-reranker-32m-v1' })
 * ```
 */
export function useReranker(given: MaybeRefOrGetter<ModelFor<LoadOptions, RerankerLike>>, sharing: SharingOptions = {}): RerankerRefs {
  const { state, ...refs } = useModel(() => rerankers.find(toValue(given), sharing))
  return { ...refs, reranker: computed(() => state.value.model) }
}

/** The same for an embedder and the options of `Embedder.load`. */
export function useEmbedder(given: MaybeRefOrGetter<ModelFor<EmbedderOptions, EmbedderLike>>, sharing: SharingOptions = {}): EmbedderRefs {
  const { state, ...refs } = useModel(() => embedders.find(toValue(given), sharing))
  return { ...refs, embedder: computed(() => state.value.model) }
}

function useModel<Model>(find: () => ModelUse<Model>): ModelRefs & { state: ShallowRef<ModelState<Model>> } {
  const state = shallowRef<ModelState<Model>>(IDLE)
  const found = shallowRef(find())
  let leave = () => {}
  let isUsed = false
  const enter = () => {
    const model = found.value
    const show = () => {
      state.value = model.state()
    }
    const before = leave
    leave = model.use(show)
    // Last, so that a model that stays the same is never without a user.
    before()
    show()
  }
  watch(find, (next) => {
    const same = next.key === found.value.key
    found.value = next
    if (!same && isUsed) enter()
  })
  const begin = () => {
    isUsed = true
    enter()
  }
  // Not before: what a server has rendered is idle, and the page begins with the same.
  if (getCurrentInstance()) onMounted(begin)
  else begin()
  onScopeDispose(() => {
    isUsed = false
    leave()
  })
  return {
    state,
    status: computed(() => state.value.status),
    progress: computed(() => state.value.progress),
    error: computed(() => state.value.error),
    retry: () => found.value.retry(),
  }
}

/** What {@link useLatest} returns. */
export interface LatestRefs<Args extends unknown[], Value> {
  /** How far the newest run is. */
  readonly status: ComputedRef<RunState<Value>['status']>
  /** What the newest run has shown or returned; until then what the one before it had. */
  readonly value: ComputedRef<Value | undefined>
  /** Why the newest run failed. */
  readonly error: ComputedRef<Error | undefined>
  /** Starts a run, which aborts the one before it. Resolves with what the work gives, or with nothing if it failed or was aborted; it never rejects. */
  readonly run: (...args: Args) => Promise<Value | undefined>
  /** Aborts what runs. */
  readonly abort: () => void
}

/**
 * Runs asynchronous work of which only the newest counts; it is aborted by the next run and when the component is unmounted.
 *
 * ```ts
 * const { value, run } = useLatest(({ signal }, query: string) => rerankHits(reranker.value, miniSearch.search(query), { query, text: 'body', signal }))
 * ```
 */
export function useLatest<Args extends unknown[], Value>(work: Work<Args, Value>): LatestRefs<Args, Value> {
  const latest = new Latest(work)
  const state = shallowRef(latest.state())
  const stop = latest.subscribe(() => {
    state.value = latest.state()
  })
  onScopeDispose(() => {
    stop()
    latest.leave()
  })
  return {
    status: computed(() => state.value.status),
    value: computed(() => state.value.value),
    error: computed(() => state.value.error),
    run: latest.run,
    abort: latest.abort,
  }
}

/** What {@link useRerank} returns. */
export interface RerankRefs {
  /** How far the newest request is. */
  readonly status: ComputedRef<RunState<unknown>['status']>
  /** Best first. They arrive while the request runs; until the first of them is there, they are those of the request before it. */
  readonly results: ComputedRef<readonly RerankResult[]>
  /** The whole answer of the newest request. */
  readonly response: ComputedRef<RerankResponse | undefined>
  /** Why it failed. */
  readonly error: ComputedRef<Error | undefined>
  /** Starts a request, which aborts the one before it. Resolves with the answer, or with nothing if it failed or was aborted; it never rejects. */
  readonly run: (request: RerankRequest) => Promise<RerankResponse | undefined>
  /** Aborts what runs. */
  readonly abort: () => void
}

/**
 * Requests to a reranker, of which only the newest counts.
 *
 * ```ts
 * const { reranker } = useReranker(options)
 * const { results, run } = useRerank(reranker)
 * ```
 */
export function useRerank(reranker: MaybeRefOrGetter<RerankerLike | null | undefined>): RerankRefs {
  const { status, value, error, run, abort } = useLatest<[RerankRequest], RerankProgress>(rerankWork(() => toValue(reranker)))
  return {
    status,
    results: computed(() => value.value?.results ?? []),
    response: computed(() => value.value?.response),
    error,
    run: async (request) => (await run(request))?.response,
    abort,
  }
}
