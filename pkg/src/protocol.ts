// The messages between page and worker.
import type { Attachment } from './attachments.js'
import type { WireError } from './errors.js'
import type { Pixels } from './pictures.js'
import type { ProgressEvent, RerankerInfo, RerankResult } from './types.js'

/** Files of a model that the user picked. */
export interface Picked {
  model?: Blob
  vision?: Blob
}

export type ToWorker =
  | { type: 'load'; id: number; options: string; picked: Picked; wasmUrl: string | null }
  | { type: 'cache'; id: number; what: 'list' | 'delete' | 'verify'; url: string | null; wasmUrl: string | null }
  | { type: 'rerank'; id: number; body: string; attachments: Attachment[] }
  | { type: 'drawn'; id: number; drawing: number; pixels: Pixels | null }
  | { type: 'abort'; id: number }

export type FromWorker =
  | { type: 'ready' }
  | { type: 'progress'; id: number; event: ProgressEvent }
  | { type: 'result'; id: number; result: RerankResult }
  | { type: 'loaded'; id: number; info: RerankerInfo }
  | { type: 'draw'; id: number; drawing: number; bytes: ArrayBuffer }
  | { type: 'persist'; id: number }
  | { type: 'done'; id: number; response: string }
  | { type: 'failed'; id: number; error: WireError }
