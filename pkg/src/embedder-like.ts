// Anything that embeds, so that a search index takes a model in the page, a remote one, or one of your own.
import type { Content } from './content/types.js'
import type { ErrorCode } from './errors.js'

/** Anything that embeds as `Embedder` does. */
export interface EmbedderLike {
  /** Turns inputs into vectors. */
  embed(
    request: { input: readonly Content[]; input_type?: 'query' | 'document'; instruction?: string; dimensions?: number },
    control?: { signal?: AbortSignal },
  ): Promise<EmbeddingsLike>
  /** `identity` is a text that changes when vectors of one model would not compare with vectors of the other. */
  readonly info: { readonly identity: string; readonly model?: string }
  /** Whether it can no longer be used. */
  readonly closed?: boolean
}

/** What is read of an answer of `/v1/embeddings`. */
export interface EmbeddingsLike {
  /** Vectors as numbers; text, which is what `base64` gives, is not read. */
  readonly data: readonly { readonly index: number; readonly embedding: ArrayLike<number> | string }[]
  readonly meta?: {
    /** Inputs without a vector, and why. */
    readonly failed?: readonly { readonly index: number; readonly code: ErrorCode; readonly message: string }[]
    /** What else is to be said, of inputs that were cut for example. */
    readonly warnings?: readonly string[]
  }
}

/** An embedder, a promise of one, or a function that makes one at the first use. */
export type EmbedderSource = EmbedderLike | PromiseLike<EmbedderLike> | (() => EmbedderLike | PromiseLike<EmbedderLike>)
