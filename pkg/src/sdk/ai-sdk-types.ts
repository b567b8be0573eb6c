// The AI SDK's reranking model, versions 3 and 4 of its specification, as far as this package implements it. Declared here so that
// the types need no package of the SDK; tests/package/types checks them against the real ones.

/** A value of JSON. */
export type Json = null | string | number | boolean | { [key: string]: Json | undefined } | Json[]
/** An object of JSON. */
export type JsonObject = { [key: string]: Json | undefined }

/** A call by the SDK. */
export interface RerankingCall {
  /** All texts, or all objects. */
  documents: { type: 'text'; values: string[] } | { type: 'object'; values: Record<string, unknown>[] }
  /** The search. */
  query: string
  /** How many to return. */
  topN?: number | undefined
  /** Stops the call. */
  abortSignal?: AbortSignal | undefined
  /** This package's options are under `secondpass`: {@link SecondpassProviderOptions}. */
  providerOptions?: Record<string, Record<string, unknown>> | undefined
  /** For HTTP providers; not used. */
  headers?: Record<string, string | undefined> | undefined
}

/** A warning about a call. */
export type RerankingWarning =
  | { type: 'unsupported'; feature: string; details?: string }
  | { type: 'compatibility'; feature: string; details?: string }
  | { type: 'other'; message: string }

/** The answer to the SDK. */
export interface RerankingAnswer {
  /** Best first. */
  ranking: { index: number; relevanceScore: number }[]
  /** Tokens, device and timings, under `secondpass`. */
  providerMetadata: Record<string, JsonObject>
  /** What was ignored or unusual. */
  warnings: RerankingWarning[]
  /** Which model answered, and when. */
  response: { id: string; timestamp: Date; modelId: string; body: unknown }
}

/** A model for the SDK's `rerank()`. */
export interface RerankingModel<Version extends 'v3' | 'v4' = 'v4'> {
  /** The version of the specification. */
  readonly specificationVersion: Version
  /** Always `secondpass`. */
  readonly provider: string
  /** The id that it was made for. */
  readonly modelId: string
  /** Called by the SDK. */
  doRerank(call: RerankingCall): Promise<RerankingAnswer>
}

/** Under `providerOptions.secondpass`. */
export type SecondpassProviderOptions = {
  /** The task, in a sentence. */
  instruction?: string
  /** How many tokens of each document are read. */
  maxTokensPerDoc?: number
  /** Pictures of the query: URLs or `data:` URLs. The SDK's own query is text. */
  queryImage?: string | string[]
}
