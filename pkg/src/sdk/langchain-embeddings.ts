// Embeddings for LangChain.js.
import { Embeddings, type EmbeddingsParams } from '@langchain/core/embeddings'
import type { EmbedderOptions } from '../embed-types.js'
import type { EmbedderLike, EmbedderSource } from '../embedder-like.js'
import { once } from '../reranker-like.js'
import { type EmbedCall, embedderSourceOf, vectorsOf } from './embedder-source.js'

/** Options of {@link SecondpassEmbeddings}. */
export interface SecondpassEmbeddingsOptions extends EmbeddingsParams {
  /** An embedder, a promise of one, or the options of `Embedder.load`, which then runs at the first use. */
  embedder: EmbedderSource | EmbedderOptions
  /** The task of queries, in a sentence; for encoders the words before a query. */
  instruction?: string
  /** How many values of each vector are kept. */
  dimensions?: number
}

/**
 * Vectors of documents and of queries, each with the words before it that the model was trained with.
 *
 * ```ts
 * const embeddings = new SecondpassEmbeddings({ embedder: { model: 'hf:sentence-transformers/all-MiniLM-L6-v2' } })
 * const store = await MemoryVectorStore.fromDocuments(documents, embeddings)
 * ```
 */
export class SecondpassEmbeddings extends Embeddings {
  readonly #ready: (signal?: AbortSignal) => Promise<EmbedderLike>
  readonly #query: EmbedCall
  readonly #document: EmbedCall

  /** Loads nothing yet. */
  constructor({ embedder, instruction, dimensions, ...params }: SecondpassEmbeddingsOptions) {
    super(params)
    this.#ready = once(embedderSourceOf(embedder))
    const both = { ...(dimensions !== undefined && { dimensions }) }
    this.#query = { input_type: 'query', ...both, ...(instruction !== undefined && { instruction }) }
    this.#document = { input_type: 'document', ...both }
  }

  /** Called by vector stores for what is found. */
  async embedDocuments(documents: string[]): Promise<number[][]> {
    if (documents.length === 0) return []
    return (await vectorsOf(await this.#ready(), documents, this.#document, undefined)).vectors
  }

  /** Called by vector stores for what searches. */
  async embedQuery(document: string): Promise<number[]> {
    const { vectors } = await vectorsOf(await this.#ready(), [document], this.#query, undefined)
    return vectors[0] as number[]
  }
}
