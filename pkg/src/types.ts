import type { Content } from './content/types.js'
import type { ErrorCode } from './errors.js'

/**
 * Where to compute: WebGPU, the CPU, or (`auto`) the faster of the two, as measured at the first load: WebGPU only if there is a real GPU
 * that is right and not slower than the processor.
 */
export type Device = 'auto' | 'webgpu' | 'cpu'

/** A folder on disk, for Node, Deno and Bun: its path, or its address. It is made where it is missing; several processes may share it. */
export interface CacheFolder {
  folder: string | URL
}

/** Where files are kept between visits. */
export type Cache = 'auto' | 'opfs' | 'cache-api' | 'memory' | false | CacheFolder

/** Where the engine's two modules are. */
export interface WasmUrls {
  /** `secondpass_bg.wasm`, fetched where a GPU is used. */
  full?: string | URL
  /** `secondpass_cpu_bg.wasm`, without the GPU backend: fetched where the CPU computes, and by `cache`. */
  cpu?: string | URL
}

/** Which model to load, and how: `LoadOptions` without the fallback. */
export interface ModelOptions {
  /**
   * URL of a `.gguf` file (the first of its parts if it was split), or of a folder with `config.json`, `tokenizer.json`
   * and safetensors, as Hugging Face lays it out. Or `hf:owner/name`, a model on a hub, with `@revision` and `/path` where
   * needed: `hf:cross-encoder/ettin-reranker-32m-v1`. Or a `.gguf` file that the user picked. A reranker and an embedder of the same
   * files, loaded with the same options, share workers and weights.
   */
  model: string | URL | Blob
  /** Where addresses that begin with `hf:` are. Default `https://huggingface.co`, which is asked only for them. */
  hub?: string | URL
  /** The vision tower (`mmproj`) of a multimodal GGUF model. Without it the model takes text only. */
  vision?: string | URL | Blob
  /**
   * Where the model's files are kept between visits: the origin's private file system (`opfs`), the Cache API, or only in
   * memory. Default `auto`: the first of the three that this browser gives to this page. `false` is `memory`. In Node, Deno and Bun
   * `{ folder }` keeps what is downloaded for the next process; without it nothing is kept. Models that lie on disk are read where
   * they are.
   */
  cache?: Cache
  /**
   * The hash of the model's file, `sha256-` and base64, or the hashes of its files by name, or as `model` and `vision`. A load
   * whose files have other hashes fails.
   */
  integrity?: string | Record<string, string>
  /** Ask the host whether stored files are still current. Default false: stored files are used without any request. */
  revalidate?: boolean
  /** @internal Sizes and waits of downloads, for tests. */
  download?: {
    pieceBytes?: number
    requests?: number
    runPieces?: number
    tries?: number
    firstTries?: number
    wrongTries?: number
    retryMs?: number
    maxRetryMs?: number
    maxRetryAfterMs?: number
    stallMs?: number
  }
  /** Default `auto`. */
  device?: Device
  /**
   * How many workers compute on the CPU, each on a core of its own with its own copy of the model. Default `auto`: one less than the
   * processor has cores, at most 8, and fewer where all copies would take more than a quarter of the device's memory. `load` then
   * resolves as soon as the first has the model, and the others join later. With a number, from 1 to 64, it waits for all of them.
   * On a GPU, or if the model's files are not stored (`cache: 'memory'`), there is one. `info.workers` says how many there are.
   */
  workers?: 'auto' | number
  /**
   * Tabs of one origin share one model, if they ask for it with the same options. The first has it; the others send it their
   * requests, and one of them takes over when it goes. Default false. Where it is not possible (no Web Locks, a picked file, outside
   * of browsers) each has its own: `info.shared` is then false, and `info.warnings` says why.
   */
  shared?: boolean
  /**
   * How matrices are stored in memory: as in the file (`auto`, the default: 8-bit blocks stay packed, the rest becomes f32),
   * all in f32, or all in 8-bit blocks, a quarter of the memory (`q8_0`).
   */
  dtype?: 'auto' | 'f32' | 'q8_0'
  /**
   * Which weights stay in memory, on the GPU or in the workers: all of them (`resident`), none of a decoder's layers (`streamed`),
   * or at most so many bytes. The other layers are read again from where the model's files are stored, once for the documents of a
   * request, while the layer before computes: models run that are larger than the memory, with the same scores. Encoders always stay
   * whole. In Node a file on disk is in memory either way; what is downloaded into a `cache` folder is read from there. Default `auto`: all of them where they fit, as far as the browser tells, and streamed where an allocation fails.
   */
  memory?: 'auto' | 'resident' | 'streamed' | number
  /**
   * Pictures of more pixels are scaled down for the model. By default as it was published: 1,310,720 for Qwen3-VL (1,280 tokens),
   * 602,112 for jina-reranker-m0 (768).
   */
  maxImagePixels?: number
  /** Rotate pictures as their EXIF data says. Default false, as in the reference. */
  applyOrientation?: boolean
  /**
   * Which shaders compute on WebGPU. Default `auto`: the fastest is measured at the first load on an adapter, and
   * remembered. `quads` needs the adapter's `subgroups`. `half` multiplies in half precision, which may move a score by some
   * thousandths, is never chosen by itself, and needs `shader-f16`. A choice that the adapter cannot run, or gets wrong, is an error.
   */
  kernels?: 'auto' | 'direct' | 'tile' | 'wide' | 'quads' | 'blocked' | 'half'
  /** @internal Switches off optimizations, for benchmarks: `sharedPrefix`, `packing`, `lastLayerOnly`, `visionCache`. */
  savings?: { sharedPrefix?: boolean; packing?: boolean; lastLayerOnly?: boolean; visionCache?: boolean }
  /**
   * Where the engine's modules are, if not in `wasm/` beside the worker: both addresses, of which one that is absent keeps its
   * default. A single address is that of `secondpass_bg.wasm`, which is then used on the CPU as well.
   */
  wasmUrl?: string | URL | WasmUrls
  /** The worker's script, if not beside this module, or a function that starts a worker of your own making. */
  worker?: string | URL | (() => Worker)
}

/** One step of loading. */
export interface ProgressEvent {
  /**
   * The whole load so far: for a single bar. `fraction` goes from 0 to 1 and never back, also where a load begins again on
   * another device; `label` says in English what is done. The fields below are of one stage and one file.
   */
  overall: { fraction: number; label: string }
  /**
   * `module` counts bytes of the engine's module, `download` and `verify` bytes of `file`, `upload` parts of the model,
   * `compile` the warm-up. They overlap, and a load has only those that it needs: a stored model is not downloaded.
   */
  stage: 'module' | 'download' | 'verify' | 'upload' | 'compile'
  loaded: number
  total: number
  /** Bytes a second, where bytes are counted. */
  rate?: number
  file?: string
}

/** Progress and cancellation of a load. */
export interface LoadControl {
  signal?: AbortSignal
  /** Called at most ten times a second, and at the end of each file and stage. */
  onProgress?: (event: ProgressEvent) => void
}

/** The body of `/v1/rerank`. */
export interface RerankRequest {
  query: Content
  documents: readonly Content[]
  /** The task, in a sentence; the model's own default if absent. */
  instruction?: string
  /** The model that a server uses, instead of `RemoteOptions.model`. Ignored by a model in the page. */
  model?: string
  /** How many results to return; all if absent. */
  top_n?: number
  /** Whether each result carries its document. */
  return_documents?: boolean
  /**
   * Whether `relevance_score` is the score that the checkpoint's authors publish, which may be any number: a logit for
   * ms-marco and Ettin models. Default false: 0 to 1.
   */
  raw_scores?: boolean
  /** How many tokens of each document are scored. */
  max_tokens_per_doc?: number
  /** How many tokens a whole prompt may have; the model's own limit if absent. */
  max_length?: number
  /** Frames a second at which a video with a known rate is sampled. Default 1. */
  fps?: number
  /** The maximum number of frames per video. Default 64. */
  max_frames?: number
}

/** The score of one document. */
export interface RerankResult {
  /** Its position in the request. */
  index: number
  /** 0 to 1, unless the request asks for `raw_scores`. */
  relevance_score: number
  /** What the model's head gave, of which the score is a function: it still differs where scores are rounded to 1. Absent if a server does not report it. */
  logit?: number
  /** The document as it was given; a bare string comes back as `{ text }`. */
  document?: Exclude<Content, string>
}

/** Progress and cancellation of a request. */
export interface RerankControl {
  signal?: AbortSignal
  /** Called with each score as soon as it exists. */
  onResult?: (result: RerankResult) => void
  /** Reject if any document cannot be scored (a broken picture, say), instead of listing it in `meta.failed`. */
  strict?: boolean
}

/** The answer of `/v1/rerank`. */
export interface RerankResponse {
  id: string
  model: string
  /** Best first; ties in the order of the request. */
  results: RerankResult[]
  usage: { prompt_tokens: number; total_tokens: number }
  meta: {
    device: string
    cached_tokens: number
    /** `total_ms` is the time that the request took; the stages are sums over all workers. */
    timings: { tokenize_ms: number; vision_ms: number; compute_ms: number; total_ms: number }
    warnings: string[]
    /** Documents without a score, and why; absent if there are none. */
    failed?: { index: number; code: ErrorCode; message: string }[]
  }
}

/** How `device: 'auto'` has chosen where the browser has a WebGPU adapter. */
export interface Routing {
  /** What was taken. */
  device: 'webgpu' | 'cpu'
  /**
   * Why. `speed`: it is the faster one, by a timed pass of the model on each. `scores`: the GPU failed, or its results were not those of
   * the processor. `adapter`: it computes in software, or could not be opened. The others say why the GPU was taken without a comparison: the
   * model is not stored, so a copy for the processor would have to be downloaded again (`storage`), two copies would take more than a quarter of the
   * device's memory (`memory`), the processor did not get through in a second (`time`), or a copy could not be loaded (`load`).
   */
  by: 'speed' | 'scores' | 'adapter' | 'storage' | 'memory' | 'time' | 'load'
  /** Milliseconds for a short text on the GPU, and on the CPU with so many workers, by the time of one. */
  measured?: { webgpu: number; cpu: number; workers: number }
  /** Whether an earlier load has measured it. */
  remembered: boolean
}

/** What is loaded, and what it runs on. */
export interface RerankerInfo {
  model: string
  family: string
  /** Whether it takes pictures. */
  vision: boolean
  /**
   * What turns a logit into the score that the checkpoint's authors publish; `lowered_sigmoid` is the logistic function of the logit
   * less 2.65. Absent for a remote one, as are the next two.
   */
  activation?: 'sigmoid' | 'identity' | 'tanh' | 'lowered_sigmoid'
  /** Which hidden states the head reads. */
  pooling?: 'cls' | 'mean' | 'last'
  /** What the head is. */
  head?: string
  device: 'webgpu' | 'cpu' | 'remote'
  /** Why `auto` took that device; absent if the device was named, where there is no WebGPU adapter to choose, and outside of browsers. */
  routing?: Routing
  /** The address of a remote reranker. */
  url?: string
  /** Set if this is the fallback for a model that could not be loaded, with the reason. */
  fallback_for?: { model: string; code: ErrorCode; message: string }
  /** The WebGPU adapter; `fallback` is a software one. */
  adapter: { name: string; vendor: string; fallback: boolean } | null
  dtype: string
  weight_bytes: number
  /** Whether all weights stay in memory, or layers are read again for each request; and the bytes of those that stay, for each worker. Absent for a remote one. */
  memory?: 'resident' | 'streamed'
  resident_bytes?: number
  /** The memory of the workers' modules in bytes, without what lies on a GPU. It grows with a request; after large pictures a worker is replaced, which gives it back. */
  wasm_bytes: number
  /** How many workers have the model at the moment: more join after a load with `workers: 'auto'`, and one that crashed is started again. 0 for a remote one. */
  workers: number
  /** Why there are fewer workers than were asked for, or than there are cores to use. */
  workers_limited?: { by: 'device' | 'storage' | 'memory' | 'load'; message: string }
  /** Whether tabs share it; absent unless that was asked for. */
  shared?: boolean
  /**
   * Which of the package's shaders multiply matrices, as measured on this adapter; null on a CPU. Where they differ for few,
   * middle and many rows, three names: `direct/blocked/blocked`. After a plus sign the attention, unless it is the usual one of
   * the last name.
   */
  kernels: string | null
  /** What the model's files leave open, and what was assumed; absent if nothing is. Every response repeats it in `meta.warnings`. */
  warnings?: string[]
  /** Why the device or the worker was lost since the model was loaded, if one was: it was then loaded again. */
  recovered_from?: { code: ErrorCode; message: string }
  /** Where the model's files are: `file` if the user picked them or they lie on disk, `memory` if they are not stored, `remote` if a server has them. */
  storage: 'opfs' | 'cache-api' | 'folder' | 'memory' | 'file' | 'remote'
  /** The addresses of the package's worker and module, which a page that works without a network has to keep; absent for a remote one. */
  files?: string[]
}

/** A stored file. */
export interface CachedFile {
  url: string
  /** Its size, and how many of its bytes are stored. */
  bytes: number
  stored: number
  complete: boolean
  /** Its hash, if a load with `integrity` or `verify` has computed it. */
  integrity?: string
  storage: 'opfs' | 'cache-api' | 'folder'
}

/** The result of comparing a stored file with its checksums. */
export interface VerifiedFile {
  url: string
  /** Whether all of it is there and undamaged. */
  ok: boolean
  bytes: number
  /** Bytes that are missing or damaged; they are fetched again when the model is next loaded. */
  bad: number
  /** Its hash, if it is undamaged: what `integrity` takes. */
  integrity?: string
  storage: 'opfs' | 'cache-api' | 'folder'
}
