// `secondpass/react`: hooks that load a model while components use it, and of whose requests only the newest counts.
'use client'
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
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

/** What a hook says of a model. */
export interface ModelHandle {
  /** `idle`: nothing is to be loaded, or this is a server. */
  readonly status: ModelState<unknown>['status']
  /** The last event while it is `loading`. */
  readonly progress: ProgressEvent | undefined
  /** Why it `failed`. */
  readonly error: Error | undefined
  /** Loads it again after a failure, or when it has closed since. */
  readonly retry: () => void
}

/** What {@link useReranker} returns. */
export interface RerankerHandle extends ModelHandle {
  /** Set once the status is `ready`. */
  readonly reranker: RerankerLike | undefined
}

/** What {@link useEmbedder} returns. */
export interface EmbedderHandle extends ModelHandle {
  /** Set once the status is `ready`. */
  readonly embedder: EmbedderLike | undefined
}

/**
 * The reranker of these options: loaded when the first component that uses it is mounted, shared by all that have equal options, and
 * disposed of some time after the last is gone. `null` loads nothing yet. A reranker that is given instead is used as it is.
 *
 * ```tsx
 * const { reranker, status, progress, error, retry } = useReranker({ model: 'hf:cross-encoder/ettin-reranker-32m-v1' })
 * ```
 */
export function useReranker(given: ModelFor<LoadOptions, RerankerLike>, sharing: SharingOptions = {}): RerankerHandle {
  const { model, handle } = useModel(rerankers.find(given, sharing))
  return useMemo(() => ({ ...handle, reranker: model }), [handle, model])
}

/** The same for an embedder and the options of `Embedder.load`. */
export function useEmbedder(given: ModelFor<EmbedderOptions, EmbedderLike>, sharing: SharingOptions = {}): EmbedderHandle {
  const { model, handle } = useModel(embedders.find(given, sharing))
  return useMemo(() => ({ ...handle, embedder: model }), [handle, model])
}

/** A model is in use from the subscription to its end, which React makes in effects: a render that is thrown away loads nothing. */
function useModel<Model>(found: ModelUse<Model>): { model: Model | undefined; handle: ModelHandle } {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the options; others with the same key are the same model.
  const subscribe = useCallback((onChange: () => void) => found.use(onChange), [found.key])
  const { status, model, progress, error } = useSyncExternalStore(subscribe, found.state, () => IDLE)
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  const retry = useCallback(() => found.retry(), [found.key])
  const handle = useMemo(() => ({ status, progress, error, retry }), [status, progress, error, retry])
  return { model, handle }
}

/** What {@link useLatest} returns. */
export interface LatestHandle<Args extends unknown[], Value> extends RunState<Value> {
  /** Starts a run, which aborts the one before it. Resolves with what the work gives, or with nothing if it failed or was aborted; it never rejects. */
  readonly run: (...args: Args) => Promise<Value | undefined>
  /** Aborts what runs. */
  readonly abort: () => void
}

/**
 * Runs asynchronous work of which only the newest counts; it is aborted by the next run and when the component is unmounted.
 *
 * ```tsx
 * const search = useLatest(({ signal }, query: string) => rerankHits(reranker, miniSearch.search(query), { query, text: 'body', signal }))
 * <input onChange={(event) => search.run(event.target.value)} />
 * ```
 */
export function useLatest<Args extends unknown[], Value>(work: Work<Args, Value>): LatestHandle<Args, Value> {
  const [latest] = useState(() => new Latest(work))
  useEffect(() => {
    latest.work = work
  })
  useEffect(() => latest.leave, [latest])
  const state = useSyncExternalStore(latest.subscribe, latest.state, latest.state)
  return useMemo(() => ({ ...state, run: latest.run, abort: latest.abort }), [state, latest])
}

/** What {@link useRerank} returns. */
export interface RerankHandle {
  /** How far the newest request is. */
  readonly status: RunState<unknown>['status']
  /** Best first. They arrive while the request runs; until the first of them is there, they are those of the request before it. */
  readonly results: readonly RerankResult[]
  /** The whole answer of the newest request. */
  readonly response: RerankResponse | undefined
  /** Why it failed. */
  readonly error: Error | undefined
  /** Starts a request, which aborts the one before it. Resolves with the answer, or with nothing if it failed or was aborted; it never rejects. */
  readonly run: (request: RerankRequest) => Promise<RerankResponse | undefined>
  /** Aborts what runs. */
  readonly abort: () => void
}

const NONE: readonly RerankResult[] = []

/**
 * Requests to a reranker, of which only the newest counts.
 *
 * ```tsx
 * const { reranker } = useReranker(options)
 * const { results, run } = useRerank(reranker)
 * ```
 */
export function useRerank(reranker: RerankerLike | null | undefined): RerankHandle {
  const current = useRef(reranker)
  useEffect(() => {
    current.current = reranker
  })
  const { status, value, error, run, abort } = useLatest<[RerankRequest], RerankProgress>(useMemo(() => rerankWork(() => current.current), []))
  const runForResponse = useCallback(async (request: RerankRequest) => (await run(request))?.response, [run])
  return useMemo(
    () => ({ status, results: value?.results ?? NONE, response: value?.response, error, run: runForResponse, abort }),
    [status, value, error, runForResponse, abort],
  )
}
