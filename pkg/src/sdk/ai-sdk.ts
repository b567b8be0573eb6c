// A provider for the Vercel AI SDK. It needs nothing of the SDK itself.
import type { Content } from '../content/types.js'
import type { LoadOptions } from '../reranker.js'
import { controlOf, failuresOf, once, type RerankerLike, type RerankerSource } from '../reranker-like.js'
import type { RerankRequest, RerankResponse } from '../types.js'
import type { JsonObject, RerankingAnswer, RerankingCall, RerankingModel, RerankingWarning, SecondpassProviderOptions } from './ai-sdk-types.js'
import { sourceOf } from './source.js'

export type { EmbedderLike, EmbedderSource } from '../embedder-like.js'
export type { RerankerLike, RerankerSource } from '../reranker-like.js'
export * from './ai-sdk-embedding.js'
export type * from './ai-sdk-types.js'
export type { AdapterEmbedOptions } from './embedder-source.js'

/** Options of {@link createSecondpass}. */
export interface ProviderSettings<Version extends 'v3' | 'v4' = 'v4'> {
  /** `v4` (the default) for `ai` 7, `v3` for `ai` 6. */
  specificationVersion?: Version
}

/** A provider with reranking models only. */
export interface SecondpassProvider<Version extends 'v3' | 'v4' = 'v4'> {
  /** The version of the specification. */
  readonly specificationVersion: Version
  /** A model for the SDK's `rerank()`. The id is passed to the function that the provider was made with; otherwise it is only a name. */
  reranking(modelId?: string): RerankingModel<Version>
  /** The same, by the name that registries of the SDK use. */
  rerankingModel(modelId?: string): RerankingModel<Version>
  /** Throws: there is none. */
  languageModel(modelId: string): never
  /** Throws: there is none. */
  embeddingModel(modelId: string): never
  /** Throws: there is none. */
  imageModel(modelId: string): never
}

/** A reranker, a promise of one, the options of `Reranker.load`, or a function that returns one of them for a model id. */
export type ModelSource = RerankerSource | LoadOptions | ((modelId: string) => RerankerLike | PromiseLike<RerankerLike> | LoadOptions)

const NAME = 'secondpass'
const OPTIONS = ['instruction', 'maxTokensPerDoc', 'queryImage']

/**
 * A provider from a reranker, from the options of `Reranker.load` (it is then loaded at the first use), or from a function that
 * returns either for a model id.
 *
 * ```ts
 * import { rerank } from 'ai'
 * const secondpass = createSecondpass({ model: '/models/qwen3-reranker-0.6b-q8_0.gguf' })
 * const { ranking } = await rerank({ model: secondpass.reranking(), query, documents, topN: 10 })
 * ```
 *
 * Documents are texts or objects. Of an object `text`, `image` and `video` are read as in a request of this package, pictures as URLs
 * or `data:` URLs; an object with none of them is read as JSON, with a warning. Errors are not of the SDK's retryable kind.
 */
export function createSecondpass(from: ModelSource, settings?: ProviderSettings<'v4'>): SecondpassProvider<'v4'>
/** The same for `ai` 6. */
export function createSecondpass(from: ModelSource, settings: Required<ProviderSettings<'v3'>>): SecondpassProvider<'v3'>
export function createSecondpass<Version extends 'v3' | 'v4'>(
  from: ModelSource,
  { specificationVersion = 'v4' as Version }: ProviderSettings<Version> = {},
): SecondpassProvider<Version> {
  const ready = new Map<string, ReturnType<typeof once<RerankerLike>>>()
  const load = (modelId: string) => {
    // A function may know several models; anything else is one model under every id.
    const key = typeof from === 'function' ? modelId : NAME
    const known = ready.get(key) ?? once<RerankerLike>(typeof from === 'function' ? () => resolved(from(modelId)) : sourceOf(from))
    ready.set(key, known)
    return known
  }
  const rerankingModel = (modelId: string = NAME): RerankingModel<Version> => ({
    specificationVersion,
    provider: NAME,
    modelId,
    doRerank: async (call) => answer(await load(modelId)(call.abortSignal), call, modelId),
  })
  const none = (kind: string) => () => {
    throw new Error(`${NAME} has reranking models alone, no ${kind} models`)
  }
  return {
    specificationVersion,
    reranking: rerankingModel,
    rerankingModel,
    languageModel: none('language'),
    embeddingModel: () => {
      throw new Error(`${NAME} has reranking models alone here; write embeddingModel(embedder), of the same entry`)
    },
    imageModel: none('image'),
  }
}

async function resolved(given: RerankerLike | PromiseLike<RerankerLike> | LoadOptions): Promise<RerankerLike> {
  const source = sourceOf(given)
  return typeof source === 'function' ? source() : source
}

async function answer(reranker: RerankerLike, call: RerankingCall, modelId: string): Promise<RerankingAnswer> {
  const warnings: RerankingWarning[] = []
  const response = await reranker.rerank(requestOf(call, warnings), controlOf(call.abortSignal))
  warnings.push(...[...response.meta.warnings, ...failuresOf(response)].map((message) => ({ type: 'other' as const, message })))
  return {
    ranking: response.results.map(({ index, relevance_score }) => ({ index, relevanceScore: relevance_score })),
    providerMetadata: { [NAME]: metadata(response) },
    warnings,
    response: { id: response.id, timestamp: new Date(), modelId: response.model || modelId, body: response },
  }
}

const metadata = ({ usage, meta }: RerankResponse): JsonObject => ({
  promptTokens: usage.prompt_tokens,
  cachedTokens: meta.cached_tokens,
  device: meta.device,
  timings: { ...meta.timings },
})

function requestOf({ documents, query, topN, providerOptions }: RerankingCall, warnings: RerankingWarning[]): RerankRequest {
  const given = providerOptions?.[NAME] ?? {}
  const { instruction, maxTokensPerDoc, queryImage } = given as SecondpassProviderOptions
  const unknown = Object.keys(given).filter((name) => !OPTIONS.includes(name))
  warnings.push(...unknown.map((name) => ({ type: 'unsupported' as const, feature: `providerOptions.${NAME}.${name}` })))
  return {
    query: queryImage === undefined ? query : { text: query, image: queryImage },
    documents: documents.type === 'text' ? documents.values : documents.values.map((value) => contentOf(value, warnings)),
    ...(topN !== undefined && { top_n: topN }),
    ...(instruction !== undefined && { instruction }),
    ...(maxTokensPerDoc !== undefined && { max_tokens_per_doc: maxTokensPerDoc }),
  }
}

function contentOf(value: Record<string, unknown>, warnings: RerankingWarning[]): Content {
  if ('text' in value || 'image' in value || 'video' in value) return value as Exclude<Content, string>
  if (!warnings.some((warning) => warning.type === 'compatibility')) {
    warnings.push({ type: 'compatibility', feature: 'object documents', details: 'Objects without text, image or video are read as JSON.' })
  }
  return JSON.stringify(value)
}
