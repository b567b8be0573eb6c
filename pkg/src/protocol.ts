// The messages between page and worker.
import type { Attachment } from './attachments.js'
import type { WireError } from './errors.js'
import type { Pixels } from './pictures.js'
import type { ProgressEvent, RerankerInfo, RerankResult } from './types.js'

export type ToWorker =
  | { type: 'load'; id: number; options: string; wasmUrl: string | null }
  | { type: 'rerank'; id: number; body: string; strict: boolean; attachments: Attachment[] }
  | { type: 'drawn'; id: number; drawing: number; pixels: Pixels | null }
  | { type: 'abort'; id: number }

export type FromWorker =
  | { type: 'ready' }
  | { type: 'progress'; id: number; event: ProgressEvent }
  | { type: 'result'; id: number; result: RerankResult }
  | { type: 'loaded'; id: number; info: RerankerInfo }
  | { type: 'draw'; id: number; drawing: number; bytes: ArrayBuffer }
  | { type: 'done'; id: number; response: string }
  | { type: 'failed'; id: number; error: WireError }
