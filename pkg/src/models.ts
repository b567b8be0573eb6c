// `secondpass/models`: published checkpoints that run, to choose one from. Importing it makes no request.
//
// The list is JSON in this folder: the compiler reads nothing outside it, a bundler puts the list into the entry, and the
// native command reads the same file (src/cli/verify/catalogue.rs).
import catalogue from './models.json' with { type: 'json' }

/** A published checkpoint. */
export interface PublishedModel {
  /** Its name on Hugging Face, `owner/name`. */
  id: string
  /** Its folder there: what `Reranker.load({ model })` takes. */
  address: string
  /** The family, as in `reranker.info.family`. */
  family: string
  /** How many parameters are loaded. An output matrix that a reranker does not need is not counted. */
  parameters: number
  /** How many the published files hold besides: those of such an output matrix, of which two rows are read at most. */
  unread_parameters?: number
  /** The type in which the weights are published. */
  dtype: 'F32' | 'F16' | 'BF16'
  /** The size of the weights as published, within a few percent. The tokenizer adds 1 to 17 MB. */
  approximate_bytes: number
  /** What a query and a document may hold. */
  modality: 'text' | 'text+pictures' | 'text+pictures+video'
  /** ISO 639-1 codes of the languages that it was trained for; `mul` stands for seventy and more. */
  languages: readonly string[]
  /** How many tokens query and document may have together, as its authors say. Requests are cut at `max_length`, which may be less. */
  context_tokens: number
  /** The licence of the weights, by its SPDX identifier. */
  licence: string
  /** Whether that licence allows commercial use. */
  commercial: boolean
  /** Set on the models to begin with: for what. */
  start_with?: string
  /** What it is good for, in one line. */
  good_for: string
  /** The scores that are published for the documents of `goldenRequest`, computed in f32: what `raw_scores` gives. */
  golden_scores?: readonly [number, number, number, number]
  /** How far a score may be from a golden one, where these are published with few digits. */
  golden_tolerance?: number
  /** As GGUF. */
  gguf?: {
    /** A published file in 8 bits. */
    address?: string
    /** The sizes of what `secondpass convert` makes: the language model's file, in 8 and in 4 bits. */
    approximate_bytes: { q8_0: number; q4_0: number }
    /** The same of the vision tower's file (`mmproj`). */
    approximate_vision_bytes?: { q8_0: number; q4_0: number }
  }
}

/** Encoders from the smallest to the largest, then decoders, then those that see. */
export const models = catalogue.models as readonly PublishedModel[]

/** The request for which `golden_scores` are published. */
export const goldenRequest: { query: string; documents: readonly string[] } = catalogue.golden_request

/** The model with this `owner/name`. */
export const modelById = (id: string): PublishedModel | undefined => models.find((model) => model.id === id)
