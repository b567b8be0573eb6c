// What a search takes and gives.
import type { ErrorCode } from '../errors.js'

/** The stages of a search, in their order. */
export type SearchStage = 'keywords' | 'vectors' | 'reranked'

/** Options of one search. */
export interface SearchOptions<Document extends object> {
  /** How many candidates each stage gives to the next. Default 50. */
  limit?: number
  /** How many results there are. Default 10. */
  top_n?: number
  /** The same as `top_n`. */
  topn?: number
  /** Only documents for which it is true are found. */
  filter?: (document: Document) => boolean
  /** Where candidates come from. Default `hybrid`: both, where there is an embedder. */
  mode?: 'hybrid' | 'keywords' | 'vectors'
  /** The vector fields that are searched. Default all. */
  vectors?: readonly string[]
  /** Whether the candidates are reranked. Default: if there is a reranker. */
  rerank?: boolean
  /**
   * Whether the reranked order is fused with those of keywords and vectors, by reciprocal rank, instead of deciding alone. Small rerankers
   * gain by it; large ones need it less. Default false.
   */
  blend?: boolean
  /** The field that the reranker reads, instead of what the index says; candidates in which it is empty are left out. */
  rerank_field?: string
  /** The task, in a sentence, for embedder and reranker. */
  instruction?: string
  /** Stops the search. */
  signal?: AbortSignal
  /** Called when a stage has results: keywords first, then with those of the vectors, then as scores of the reranker arrive. */
  onStage?: (update: StageUpdate<Document>) => void
  /** Let earlier searches of this index go on. Default false: they are aborted, since nobody waits for what was typed before. */
  keepEarlier?: boolean
}

/** Results of a search after one of its stages. */
export interface StageUpdate<Document extends object> {
  stage: SearchStage
  /** Whether the stage is over. Scores of the reranker arrive one by one. */
  done: boolean
  /** As good as they are known: best first. */
  results: SearchHit<Document>[]
  /** Milliseconds since the search began. */
  ms: number
}

/** A document that was found. */
export interface SearchHit<Document extends object> {
  /** The document's id, as it is in the document. */
  id: string | number
  document: Document
  /** That of the last stage that scored it: the reranker's, or that of the fused ranks, with `blend` of all. */
  score: number
  /** Its place in each stage that saw it, from 1. With several vector fields `vectors` is the best of them. */
  ranks: { keywords?: number; vectors?: number; fused: number; reranked?: number }
  /** Its score in each: MiniSearch's, the cosine, the sum of reciprocal ranks, the reranker's. */
  scores: { keywords?: number; vectors?: number; fused: number; reranked?: number }
  /** Its place in each vector field in which it was found. */
  fields: Record<string, number>
  /** Words of the document that match, in small letters and without accents. */
  words: string[]
  /** Why the reranker gave no score. */
  error?: unknown
}

/** What became of a stage. */
export interface StageReport {
  stage: SearchStage
  /** `skipped`: there was nothing to do it with, or it was not asked for. */
  state: 'done' | 'failed' | 'skipped'
  /** How many candidates it found or scored. */
  found: number
  /** Milliseconds from the beginning of the search to its end. */
  ms: number
  error?: { code: ErrorCode | 'unknown'; message: string }
}

/** The result of a search. */
export interface SearchResponse<Document extends object> {
  /** Best first. */
  results: SearchHit<Document>[]
  stages: StageReport[]
  /** What is not as it should be: a stage that failed, vectors that are still being made. */
  warnings: string[]
}
