// The AI SDK's reranking model, versions 3 and 4 of its specification, as far as this package fits it. Written out here so that the
// types need no package of the SDK; tests/package/types checks them against the real ones.

/** A value of JSON. */
export type Json = null | string | number | boolean | { [key: string]: Json | undefined } | Json[]
/** An object of JSON. */
export type JsonObject = { [key: string]: Json | undefined }

/** What the SDK asks for. */
export interface RerankingCall {
  /** All texts, or all objects. */
  documents: { type: 'text'; values: string[] } | { type: 'object'; values: Record<string, unknown>[] }
  /** What is looked for. */
  query: string
  /** How many to return. */
  topN?: number | undefined
  /** Stops the call. */
  abortSignal?: AbortSignal | undefined
  /** Ours are under `secondpass`: {@link SecondpassProviderOptions}. */
  providerOptions?: Record<string, Record<string, unknown>> | undefined
  /** For HTTP providers; not used. */
  headers?: Record<string, string | undefined> | undefined
}

/** A remark on a call. */
export type RerankingWarning =
  | { type: 'unsupported'; feature: string; details?: string }
  | { type: 'compatibility'; feature: string; details?: string }
  | { type: 'other'; message: string }

/** What the SDK gets. */
export interface RerankingAnswer {
  /** Best first. */
  ranking: { index: number; relevanceScore: number }[]
  /** Tokens, device and timings, under `secondpass`. */
  providerMetadata: Record<string, JsonObject>
  /** What the caller should know. */
  warnings: RerankingWarning[]
  /** Whose answer it is. */
  response: { id: string; timestamp: Date; modelId: string; body: unknown }
}

/** A model for the SDK's `rerank()`. */
export interface RerankingModel<Version extends 'v3' | 'v4' = 'v4'> {
  /** The version of the specification. */
  readonly specificationVersion: Version
  /** Always `secondpass`. */
  readonly provider: string
  /** The name it was asked for by. */
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
