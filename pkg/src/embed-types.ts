import type { Content } from './content/types.js'
import type { ErrorCode } from './errors.js'
import type { ModelOptions, RerankerInfo } from './types.js'

/** The words before a text that an embedding model was trained with. */
export interface EmbeddingPrompts {
  query?: string
  document?: string
}

/** Which embedding model to load, and how. */
export interface EmbedderOptions extends ModelOptions {
  /**
   * The words before queries and before documents, for models whose files do not give them: `{ query: 'query: ', document:
   * 'passage: ' }` for e5. What the files give is used by itself.
   */
  prompts?: EmbeddingPrompts
}

/** What inputs are to the search: they search, or are found. Decides the words that the model reads before them. */
export type InputType = 'query' | 'document'

/** How the values of a vector are written. */
export type EncodingFormat = 'float' | 'base64' | 'int8' | 'binary' | 'ubinary'

/** The body of `/v1/embeddings`. */
export interface EmbedRequest {
  /** One text or picture, or a list of them; each gets a vector. */
  input: Content | readonly Content[]
  input_type?: InputType
  /** The task, in a sentence; for encoders the words before the text. The model's own default if absent. */
  instruction?: string
  /** How many values of each vector are kept, of a model that was trained for it (Matryoshka). */
  dimensions?: number
  /**
   * Default `float`. `int8`: integers up to 127, the largest of a vector being 127, so its direction stays; `binary` and `ubinary`:
   * the signs, eight to a byte; `base64`: the bytes of the floats.
   */
  encoding_format?: EncodingFormat
  /** The model that a server uses. Ignored by a model in the page. */
  model?: string
  /** How many tokens of each input are read; the model's own limit if absent. */
  max_length?: number
  /** Frames a second at which a video with a known rate is sampled. Default 1. */
  fps?: number
  /** The maximum number of frames per video. Default 64. */
  max_frames?: number
}

/** A vector as soon as it exists. */
export interface EmbeddedVector {
  /** The input's position in the request. */
  index: number
  /** The values, whatever `encoding_format` says. */
  embedding: Float32Array
}

/** Progress and cancellation of a request. */
export interface EmbedControl {
  signal?: AbortSignal
  /** Called with each vector as soon as it exists. */
  onResult?: (vector: EmbeddedVector) => void
  /** Reject if any input cannot be read (a broken picture, say), instead of listing it in `meta.failed`. */
  strict?: boolean
}

/** The vector of one input. */
export interface EmbeddingData {
  object: 'embedding'
  /** The input's position in the request. */
  index: number
  /** Numbers, or a string for `base64`. */
  embedding: number[] | string
}

/** The answer of `/v1/embeddings`. */
export interface EmbedResponse {
  object: 'list'
  /** In the order of the inputs. */
  data: EmbeddingData[]
  model: string
  usage: { prompt_tokens: number; total_tokens: number }
  meta: {
    device: string
    timings: { tokenize_ms: number; vision_ms: number; compute_ms: number; total_ms: number }
    warnings: string[]
    /** Inputs without a vector, and why; absent if there are none. */
    failed?: { index: number; code: ErrorCode; message: string }[]
  }
}

/** What is loaded, and what it runs on. */
export interface EmbedderInfo extends Omit<RerankerInfo, 'activation' | 'head' | 'fallback_for'> {
  /** How many values a vector has. */
  dimensions: number
  /** Whether vectors have unit length, so that their product is their cosine. */
  normalized: boolean
  /** Differs where vectors of two models, or of one model loaded in two ways, are not to be compared. */
  identity: string
}
