// A document compressor for LangChain.js.
import { Document, type DocumentInterface } from '@langchain/core/documents'
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors'
import type { Content, Picture } from '../content/types.js'
import type { LoadOptions } from '../reranker.js'
import { controlOf, once, type RerankerLike, type RerankerSource } from '../reranker-like.js'
import type { RerankRequest, RerankResponse } from '../types.js'
import { sourceOf } from './source.js'

export type { EmbedderLike, EmbedderSource } from '../embedder-like.js'
export type { RerankerLike, RerankerSource } from '../reranker-like.js'
export { SecondpassEmbeddings, type SecondpassEmbeddingsOptions } from './langchain-embeddings.js'

/** Options of {@link SecondpassRerank}. */
export interface SecondpassRerankOptions {
  /** A reranker, a promise of one, or the options of `Reranker.load`, which then runs at the first use. */
  reranker: RerankerSource | LoadOptions
  /** How many documents are kept; `Infinity` keeps all. Default 3, as with LangChain's other rerankers. */
  topN?: number
  /** The task, in a sentence. */
  instruction?: string
  /** How many tokens of each document are scored. */
  maxTokensPerDoc?: number
  /** The key of the metadata that holds a document's pictures, or a function that returns them. Without it only text is scored. */
  image?: string | ((document: DocumentInterface) => Picture | Picture[] | null | undefined)
}

/** Options of one call, which override those of the compressor. */
export interface SecondpassRerankCall {
  /** How many results; `Infinity` for all. */
  topN?: number
  /** The task, in a sentence. */
  instruction?: string
  /** Stops the call. */
  signal?: AbortSignal
}

/** The score of one document. */
export interface SecondpassRerankScore {
  /** Its position in the list that was given. */
  index: number
  /** 0 to 1. */
  relevanceScore: number
}

const TOP_N = 3

/**
 * Keeps the documents that fit a query best, best first, with `metadata.relevanceScore`.
 *
 * ```ts
 * const compressor = new SecondpassRerank({ reranker: { model: '/models/qwen3-reranker-0.6b-q8_0.gguf' }, topN: 5 })
 * const retriever = new ContextualCompressionRetriever({ baseCompressor: compressor, baseRetriever })
 * ```
 */
export class SecondpassRerank extends BaseDocumentCompressor {
  readonly #options: SecondpassRerankOptions
  readonly #ready: (signal?: AbortSignal) => Promise<RerankerLike>

  /** Loads nothing yet. */
  constructor(options: SecondpassRerankOptions) {
    super()
    this.#options = options
    this.#ready = once(sourceOf(options.reranker))
  }

  /** Called by retrievers. The documents that come back are copies. */
  async compressDocuments(documents: DocumentInterface[], query: string): Promise<DocumentInterface[]> {
    const scores = await this.rerank(documents, query)
    return scores.flatMap(({ index, relevanceScore }) => {
      const document = documents[index]
      if (!document) return []
      const { pageContent, metadata, id } = document
      return [new Document({ pageContent, metadata: { ...metadata, relevanceScore }, ...(id !== undefined && { id }) })]
    })
  }

  /** Order and scores only, for documents or bare texts. */
  async rerank(documents: (DocumentInterface | string)[], query: Content, call: SecondpassRerankCall = {}): Promise<SecondpassRerankScore[]> {
    if (documents.length === 0) return []
    const reranker = await this.#ready(call.signal)
    const response: RerankResponse = await reranker.rerank(this.#request(documents, query, call), controlOf(call.signal))
    return response.results.map(({ index, relevance_score }) => ({ index, relevanceScore: relevance_score }))
  }

  #request(documents: (DocumentInterface | string)[], query: Content, call: SecondpassRerankCall): RerankRequest {
    const own = this.#options
    // A key whose value is undefined counts as absent.
    const topN = call.topN ?? own.topN ?? TOP_N
    const instruction = call.instruction ?? own.instruction
    const { maxTokensPerDoc } = own
    return {
      query,
      documents: documents.map((document) => (typeof document === 'string' ? document : this.#content(document))),
      ...(Number.isFinite(topN) && { top_n: topN }),
      ...(instruction !== undefined && { instruction }),
      ...(maxTokensPerDoc !== undefined && { max_tokens_per_doc: maxTokensPerDoc }),
    }
  }

  #content(document: DocumentInterface): Content {
    const { image } = this.#options
    const picture = typeof image === 'function' ? image(document) : image === undefined ? undefined : document.metadata[image]
    return picture === undefined || picture === null ? document.pageContent : { text: document.pageContent, image: picture }
  }
}
