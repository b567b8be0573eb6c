// Adapters for TanStack AI's `rerank()` and `embed()`. They need nothing of it themselves.
import type { Content } from '../content/types.js'
import type { EmbedderOptions, EmbedResponse } from '../embed-types.js'
import type { EmbedderSource } from '../embedder-like.js'
import type { LoadOptions } from '../reranker.js'
import { controlOf, failuresOf, once, type RerankerSource } from '../reranker-like.js'
import type { RerankRequest } from '../types.js'
import { callOf, embedderSourceOf, vectorsOf } from './embedder-source.js'
import { sourceOf } from './source.js'
import type {
  TanStackEmbedCall,
  TanStackEmbeddingAdapter,
  TanStackEmbedPart,
  TanStackRerankAdapter,
  TanStackRerankCall,
  TanStackUsage,
} from './tanstack-ai-types.js'

export type { EmbedderLike, EmbedderSource } from '../embedder-like.js'
export type { RerankerLike, RerankerSource } from '../reranker-like.js'
export type { AdapterEmbedOptions } from './embedder-source.js'
export type * from './tanstack-ai-types.js'

/** Options of both adapters. */
export interface TanStackSettings<Model extends string = string> {
  /** A name for logs and results. */
  model?: Model
}

const NAME = 'secondpass'

/**
 * A rerank adapter from a reranker, a promise of one, or the options of `Reranker.load`, which then runs at the first use.
 *
 * ```ts
 * import { rerank } from '@tanstack/ai'
 * const adapter = secondpassRerank({ model: 'hf:cross-encoder/ettin-reranker-32m-v1' })
 * const { rerankedDocuments } = await rerank({ adapter, query, documents, topN: 5 })
 * ```
 *
 * TanStack AI writes objects as JSON. With `modelOptions: { text: ['title', 'body'] }` their fields are read alone.
 */
export function secondpassRerank<Model extends string = 'secondpass'>(
  from: RerankerSource | LoadOptions,
  { model = NAME as Model }: TanStackSettings<Model> = {},
): TanStackRerankAdapter<Model> {
  const ready = once(sourceOf(from))
  return {
    kind: 'rerank',
    name: NAME,
    model,
    '~types': undefined as never,
    rerank: (call) =>
      logged(call, 'rerank', async () => {
        const response = await (await ready(call.abortSignal)).rerank(requestOf(call), controlOf(call.abortSignal))
        for (const message of [...response.meta.warnings, ...failuresOf(response)]) call.logger?.warn?.(message)
        return {
          id: response.id,
          ranking: response.results.map(({ index, relevance_score: score }) => ({ index, score })),
          usage: usageOf(response.usage),
        }
      }),
  }
}

/** TanStack AI expects of an adapter that it logs what it asks for, and what fails. */
async function logged<Answer>({ logger, model }: Pick<TanStackRerankCall, 'logger' | 'model'>, activity: string, work: () => Promise<Answer>): Promise<Answer> {
  logger?.request(`activity=${activity} provider=${NAME} model=${model}`, { provider: NAME, model })
  try {
    return await work()
  } catch (error) {
    logger?.errors(`${NAME}.${activity} failed`, { error, source: `${NAME}.${activity}` })
    throw error
  }
}

function requestOf({ query, documents, topN, modelOptions }: TanStackRerankCall): RerankRequest {
  const { text, instruction, maxTokensPerDoc } = modelOptions ?? {}
  return {
    query,
    documents: text === undefined ? documents : documents.map((document) => fieldsOf(document, [text].flat())),
    ...(topN !== undefined && { top_n: topN }),
    ...(instruction !== undefined && { instruction }),
    ...(maxTokensPerDoc !== undefined && { max_tokens_per_doc: maxTokensPerDoc }),
  }
}

/** The named fields of an object that was written as JSON, in lines; anything else as it is. */
function fieldsOf(document: string, names: string[]): string {
  try {
    const fields = JSON.parse(document)
    const texts = names.flatMap((name) => (typeof fields?.[name] === 'string' ? [fields[name]] : []))
    return texts.length > 0 ? texts.join('\n') : document
  } catch {
    return document
  }
}

/**
 * An embedding adapter from an embedder, a promise of one, or the options of `Embedder.load`.
 *
 * ```ts
 * import { embed } from '@tanstack/ai'
 * const adapter = secondpassEmbedding({ model: 'hf:sentence-transformers/all-MiniLM-L6-v2' })
 * const { embeddings } = await embed({ adapter, input: texts, modelOptions: { inputType: 'document' } })
 * ```
 */
export function secondpassEmbedding<Model extends string = 'secondpass'>(
  from: EmbedderSource | EmbedderOptions,
  { model = NAME as Model }: TanStackSettings<Model> = {},
): TanStackEmbeddingAdapter<Model> {
  const ready = once(embedderSourceOf(from))
  return {
    kind: 'embedding',
    name: NAME,
    model,
    '~types': undefined as never,
    createEmbeddings: (call) =>
      logged(call, 'embed', async () => {
        const { vectors, response } = await vectorsOf(await ready(), call.input.map(contentOf), callOf(call.modelOptions ?? {}, call.dimensions), undefined)
        const { usage, meta } = response as Partial<EmbedResponse>
        for (const message of meta?.warnings ?? []) call.logger?.warn?.(message)
        return {
          id: `embed-${Date.now().toString(36)}`,
          model,
          embeddings: vectors.map((vector, index) => ({ vector, index })),
          ...(usage && { usage: usageOf(usage) }),
        }
      }),
  }
}

/** Parts in one list have one vector. */
function contentOf(item: TanStackEmbedCall['input'][number]): Content {
  if (typeof item === 'string') return item
  return { content: [item].flat().map((part) => partOf(part)) }
}

function partOf(part: TanStackEmbedPart): { type: 'text'; text: string } | { type: 'image'; image: string } {
  if (part.type === 'text') return { type: 'text', text: part.content }
  const { type, value, mimeType } = part.source
  return { type: 'image', image: type === 'data' ? `data:${mimeType};base64,${value}` : value }
}

const usageOf = ({ prompt_tokens: promptTokens, total_tokens: totalTokens }: EmbedResponse['usage']): TanStackUsage => ({
  promptTokens,
  completionTokens: 0,
  totalTokens,
})
