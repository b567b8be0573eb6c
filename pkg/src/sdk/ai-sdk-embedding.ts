// An embedding model for the Vercel AI SDK.
import type { EmbedderOptions, EmbedResponse } from '../embed-types.js'
import type { EmbedderSource } from '../embedder-like.js'
import { once } from '../reranker-like.js'
import type { JsonObject, RerankingWarning } from './ai-sdk-types.js'
import { type AdapterEmbedOptions, callOf, embedderSourceOf, vectorsOf } from './embedder-source.js'

/** A call by the SDK. */
export interface EmbeddingCall {
  /** The texts. */
  values: string[]
  /** How many values of each vector are kept. */
  dimensions?: number | undefined
  /** Stops the call. */
  abortSignal?: AbortSignal | undefined
  /** This package's options are under `secondpass`: {@link EmbeddingProviderOptions}. */
  providerOptions?: Record<string, Record<string, unknown>> | undefined
  /** For HTTP providers; not used. */
  headers?: Record<string, string | undefined> | undefined
}

/** Under `providerOptions.secondpass`. */
export type EmbeddingProviderOptions = AdapterEmbedOptions

/** The answer to the SDK. */
export interface EmbeddingAnswer {
  /** The vectors, in the order of the texts. */
  embeddings: number[][]
  /** Tokens of all texts. */
  usage: { tokens: number }
  /** Device and timings, under `secondpass`. */
  providerMetadata: Record<string, JsonObject>
  /** What was ignored or unusual. */
  warnings: RerankingWarning[]
  /** The answer itself. */
  response: { body: unknown }
}

/** A model for the SDK's `embed()` and `embedMany()`. */
export interface EmbeddingModel<Version extends 'v3' | 'v4' = 'v4'> {
  /** The version of the specification. */
  readonly specificationVersion: Version
  /** Always `secondpass`. */
  readonly provider: string
  /** The name that it was given. */
  readonly modelId: string
  /** The SDK cuts longer lists. */
  readonly maxEmbeddingsPerCall: number
  /** One model computes one call after the other. */
  readonly supportsParallelCalls: boolean
  /** Called by the SDK. */
  doEmbed(call: EmbeddingCall): Promise<EmbeddingAnswer>
}

/** Options of {@link embeddingModel}. */
export interface EmbeddingModelSettings<Version extends 'v3' | 'v4' = 'v4'> {
  /** `v4` (the default) for `ai` 7, `v3` for `ai` 6. */
  specificationVersion?: Version
  /** A name for logs. */
  modelId?: string
}

const NAME = 'secondpass'
const OPTIONS = ['inputType', 'instruction']
/** As many as one request takes. */
const MOST_VALUES = 2048

/**
 * An embedding model from an embedder, or from the options of `Embedder.load`, which then runs at the first use.
 *
 * ```ts
 * import { embedMany } from 'ai'
 * const model = embeddingModel({ model: 'hf:sentence-transformers/all-MiniLM-L6-v2' })
 * const { embeddings } = await embedMany({ model, values, providerOptions: { secondpass: { inputType: 'document' } } })
 * ```
 */
export function embeddingModel(from: EmbedderSource | EmbedderOptions, settings?: EmbeddingModelSettings<'v4'>): EmbeddingModel<'v4'>
/** The same for `ai` 6. */
export function embeddingModel(
  from: EmbedderSource | EmbedderOptions,
  settings: EmbeddingModelSettings<'v3'> & { specificationVersion: 'v3' },
): EmbeddingModel<'v3'>
export function embeddingModel<Version extends 'v3' | 'v4'>(
  from: EmbedderSource | EmbedderOptions,
  { specificationVersion = 'v4' as Version, modelId = NAME }: EmbeddingModelSettings<Version> = {},
): EmbeddingModel<Version> {
  const ready = once(embedderSourceOf(from))
  return {
    specificationVersion,
    provider: NAME,
    modelId,
    maxEmbeddingsPerCall: MOST_VALUES,
    supportsParallelCalls: false,
    doEmbed: async ({ values, dimensions, abortSignal, providerOptions }) => {
      const given = providerOptions?.[NAME] ?? {}
      const unknown = Object.keys(given).filter((name) => !OPTIONS.includes(name))
      const warnings: RerankingWarning[] = unknown.map((name) => ({ type: 'unsupported', feature: `providerOptions.${NAME}.${name}` }))
      const call = callOf(given as EmbeddingProviderOptions, dimensions)
      const { vectors, response } = await vectorsOf(await ready(abortSignal), values, call, abortSignal)
      const { usage, meta } = response as Partial<EmbedResponse>
      warnings.push(...(meta?.warnings ?? []).map((message) => ({ type: 'other' as const, message })))
      return {
        embeddings: vectors,
        usage: { tokens: usage?.prompt_tokens ?? 0 },
        providerMetadata: { [NAME]: { ...(meta?.device && { device: meta.device }), ...(meta?.timings && { timings: { ...meta.timings } }) } },
        warnings,
        response: { body: response },
      }
    },
  }
}
