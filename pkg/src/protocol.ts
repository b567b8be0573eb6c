// The messages between page and worker.
import type { Pixels } from './content/pictures.js'
import type { EmbeddedVector, EmbeddingPrompts } from './embed-types.js'
import type { ErrorMessage } from './errors.js'
import type { Device, ModelOptions, ProgressEvent, RerankerInfo, RerankResult } from './types.js'

/** A picture beside a request. One that was refused in the page fails in the worker, so that only its own document fails. */
export type Attachment = Blob | ArrayBuffer | ImageBitmap | ImageData | { refused: string }

/** What a model is loaded for. The same files may serve both, with one trunk. */
export type Task = 'rerank' | 'embed'

/** How a worker loads a model: as its caller says, for what it is loaded. */
export type WorkerModelOptions = ModelOptions & { task?: Task; prompts?: EmbeddingPrompts }

/** Files of a model that the user picked. */
export interface PickedFiles {
  model?: Blob
  vision?: Blob
}

/** The two builds of the engine: with the GPU backend, and without. */
export type Build = 'full' | 'cpu'

/** Where each build's module is: at an address, compiled already, or (`null`) beside the worker. */
export type WasmModules = Record<Build, string | WebAssembly.Module | null> & {
  /** Only the full build's address was given, so it serves the CPU too. */
  fullOnly: boolean
  /** The addresses that the page gave. */
  addresses: Record<Build, string | null>
}

/** Which device an earlier load took on an adapter. */
export interface KnownRoute {
  adapter: string
  device: Device
}

/** One step of one stage, as the worker sees it. */
export type ProgressStep = Omit<ProgressEvent, 'overall'>

/** The control of a load within the package. */
export interface StepControl {
  signal?: AbortSignal
  onProgress?: (step: ProgressStep) => void
}

export type ToWorker =
  /** `null` stands for an attachment of documents that another worker has. */
  | { type: Task; id: number; body: string; strict: boolean; attachments: (Attachment | null)[] }
  | { type: 'load'; id: number; device: Device; known: KnownRoute | undefined; options: string; picked: PickedFiles; wasm: WasmModules }
  /** The model that the worker has, for its other task too. */
  | { type: 'add'; id: number; options: string; picked: PickedFiles }
  | { type: 'store'; id: number; options: string; picked: PickedFiles; wasm: WasmModules }
  | { type: 'cache'; id: number; action: 'list' | 'delete' | 'verify'; url: string | null; wasm: WasmModules }
  | { type: 'drawn'; id: number; drawing: number; pixels: Pixels | null }
  | { type: 'abort'; id: number }

export type FromWorker =
  | { type: 'ready' }
  /** `pictures` is what the pictures of a request added to the module's memory. */
  | { type: 'memory'; bytes: number; pictures: number }
  | { type: 'lost'; code: 'device_lost' | 'out_of_memory' | 'internal'; message: string }
  | { type: 'started'; id: number }
  | { type: 'progress'; id: number; event: ProgressStep }
  | { type: 'result'; id: number; result: RerankResult | EmbeddedVector }
  /**
   * `null`: what was to be added needs a trunk of its own. `adapter` is a text that another adapter does not have; set where `auto` had
   * one to choose.
   */
  | { type: 'loaded'; id: number; info: RerankerInfo | null; adapter?: string | undefined }
  | { type: 'draw'; id: number; drawing: number; bytes: ArrayBuffer }
  | { type: 'compiled'; id: number; build: Build; module: WebAssembly.Module }
  | { type: 'persist'; id: number }
  | { type: 'done'; id: number; response: string }
  | { type: 'failed'; id: number; error: ErrorMessage }
