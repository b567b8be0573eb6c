// The messages between page and worker.
import type { WireError } from './errors.js'
import type { ProgressEvent, RerankerInfo, RerankResult } from './types.js'

export type ToWorker =
  | { type: 'load'; id: number; options: string; wasmUrl: string | null }
  | { type: 'rerank'; id: number; body: string }
  | { type: 'abort'; id: number }

export type FromWorker =
  | { type: 'ready' }
  | { type: 'progress'; id: number; event: ProgressEvent }
  | { type: 'result'; id: number; result: RerankResult }
  | { type: 'loaded'; id: number; info: RerankerInfo }
  | { type: 'done'; id: number; response: string }
  | { type: 'failed'; id: number; error: WireError }
