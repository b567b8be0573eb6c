// TanStack AI's rerank and embedding adapters, as far as this package implements them. Declared here so that the types need no package
// of it; tests/package/types checks them against the real ones.
import type { AdapterEmbedOptions } from './embedder-source.js'

/** What adapters log with. */
export interface TanStackLogger {
  /** Before the model is asked. */
  request(message: string, meta?: Record<string, unknown>): void
  /** What was ignored or unusual. */
  warn?(message: string, meta?: Record<string, unknown>): void
  /** What went wrong. */
  errors(message: string, meta?: Record<string, unknown>): void
}

/** Tokens of a call. */
export interface TanStackUsage {
  /** Tokens that were read. */
  promptTokens: number
  /** None are written. */
  completionTokens: number
  /** Tokens in all. */
  totalTokens: number
}

/** `modelOptions` of a `rerank()` with this adapter. */
export type TanStackRerankOptions = {
  /** Which fields of object documents are read; without it all of an object is read, as JSON. */
  text?: string | string[]
  /** The task, in a sentence. */
  instruction?: string
  /** How many tokens of each document are read. */
  maxTokensPerDoc?: number
}

/** A call of the rerank adapter. */
export interface TanStackRerankCall {
  /** The name of the adapter's model. */
  model: string
  /** The search. */
  query: string
  /** Texts; objects come as JSON. */
  documents: string[]
  /** How many to return. */
  topN?: number | undefined
  /** This adapter's options. */
  modelOptions?: TanStackRerankOptions | undefined
  /** Stops the call. */
  abortSignal?: AbortSignal | undefined
  /** Where to log to. */
  logger?: TanStackLogger
}

/** An adapter for `rerank()`. */
export interface TanStackRerankAdapter<Model extends string = string> {
  /** What kind of adapter it is. */
  readonly kind: 'rerank'
  /** Always `secondpass`. */
  readonly name: string
  /** The name that it was given. */
  readonly model: Model
  /** For the types alone. */
  '~types': { providerOptions: TanStackRerankOptions }
  /** Called by `rerank()`. */
  rerank(call: TanStackRerankCall): Promise<{ id: string; ranking: { index: number; score: number }[]; usage: TanStackUsage }>
}

/** `modelOptions` of an `embed()` with this adapter. */
export type TanStackEmbedOptions = AdapterEmbedOptions

/** A part of an input. */
export type TanStackEmbedPart =
  | { type: 'text'; content: string }
  | { type: 'image'; source: { type: 'data'; value: string; mimeType: string } | { type: 'url'; value: string; mimeType?: string } }

/** A call of the embedding adapter. */
export interface TanStackEmbedCall {
  /** The name of the adapter's model. */
  model: string
  /** Texts, pictures, or lists of both; each gets a vector. */
  input: (string | TanStackEmbedPart | TanStackEmbedPart[])[]
  /** How many values of each vector are kept. */
  dimensions?: number | undefined
  /** This adapter's options. */
  modelOptions?: TanStackEmbedOptions | undefined
  /** Where to log to. */
  logger?: TanStackLogger
}

/** An adapter for `embed()`. */
export interface TanStackEmbeddingAdapter<Model extends string = string> {
  /** What kind of adapter it is. */
  readonly kind: 'embedding'
  /** Always `secondpass`. */
  readonly name: string
  /** The name that it was given. */
  readonly model: Model
  /** For the types alone. */
  '~types': {
    providerOptions: TanStackEmbedOptions
    modelProviderOptionsByName: Record<string, never>
    modelInputModalitiesByName: Record<string, ['text', 'image']>
  }
  /** Called by `embed()`. */
  createEmbeddings(call: TanStackEmbedCall): Promise<{ id: string; model: string; embeddings: { vector: number[]; index: number }[]; usage?: TanStackUsage }>
}
