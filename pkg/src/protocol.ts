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

/** Where the engine's code is: beside the worker, at an address, or compiled already. */
export type Wasm = string | WebAssembly.Module | null

export type ToWorker =
  | { type: 'rerank'; id: number; body: string; strict: boolean; attachments: Attachment[] }
  | { type: 'load'; id: number; options: string; picked: Picked; wasm: Wasm }
  | { type: 'store'; id: number; options: string; picked: Picked; wasm: Wasm }
  | { type: 'cache'; id: number; what: 'list' | 'delete' | 'verify'; url: string | null; wasm: Wasm }
  | { type: 'drawn'; id: number; drawing: number; pixels: Pixels | null }
  | { type: 'abort'; id: number }

export type FromWorker =
  | { type: 'ready' }
  | { type: 'memory'; bytes: number }
  | { type: 'lost'; code: 'device_lost' | 'out_of_memory'; message: string }
  | { type: 'progress'; id: number; event: ProgressEvent }
  | { type: 'result'; id: number; result: RerankResult }
  | { type: 'loaded'; id: number; info: RerankerInfo }
  | { type: 'draw'; id: number; drawing: number; bytes: ArrayBuffer }
  | { type: 'compiled'; id: number; module: WebAssembly.Module }
  | { type: 'persist'; id: number }
  | { type: 'done'; id: number; response: string }
  | { type: 'failed'; id: number; error: WireError }
