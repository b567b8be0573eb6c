// Starts a worker and loads a model into it.
import { orAborted } from '../abort.js'
import { absoluteUrl } from '../content/addresses.js'
import { SecondpassError } from '../errors.js'
import { hasFolders } from '../node/thread.js'
import type { PickedFiles, StepControl, Task, WorkerModelOptions } from '../protocol.js'
import type { RerankerInfo } from '../types.js'
import { Client, folderOf } from './client.js'
import { recallKernels, rememberKernels } from './kernels.js'
import { mostModelBytes } from './platform.js'
import { knownRoute } from './remembered-routes.js'
import { weightLimits } from './weight-memory.js'

/** Where files lie that another worker reads without the network. */
const STORED = new Set<RerankerInfo['storage']>(['opfs', 'cache-api', 'folder', 'file'])

export const isStored = ({ storage }: RerankerInfo): boolean => STORED.has(storage)

/** A loaded model. */
export interface LoadedModel {
  client: Client
  /** What is loaded for each of its tasks. */
  infos: Map<Task, RerankerInfo>
  /** Why it had to be loaded again, if it had. */
  recovered?: RerankerInfo['recovered_from']
  /** Which adapter there is, where the device was chosen by `auto`. */
  adapter?: string | undefined
}

/** What is loaded for whichever task was first. */
export const firstInfo = ({ infos }: LoadedModel): RerankerInfo => infos.values().next().value as RerankerInfo

/** Starts a worker and loads a model into it, for tasks to which more may be added meanwhile; `caution` is how often its device was lost before. */
export async function loadModel(options: WorkerModelOptions, tasks: ReadonlySet<Task>, control: StepControl, caution = 0): Promise<LoadedModel> {
  const client = new Client(options)
  const loaded: LoadedModel = { client, infos: new Map() }
  try {
    for (const task of tasks) {
      if (loaded.infos.size === 0) await ask(loaded, { ...options, task }, control, caution)
      else if (!(await addTask(loaded, options, task, control)))
        throw new SecondpassError('bad_response', 502, 'The files of the model have changed; load it again.')
    }
    return loaded
  } catch (error) {
    client.dispose()
    throw error
  }
}

/** Has a worker load its model for another task too; false if that needs a trunk of its own. */
export const addTask = (loaded: LoadedModel, options: WorkerModelOptions, task: Task, control: StepControl): Promise<boolean> =>
  ask(loaded, { ...options, task }, control)

async function ask(loaded: LoadedModel, options: WorkerModelOptions & { task: Task }, { signal, onProgress }: StepControl, caution = 0): Promise<boolean> {
  const { client, infos } = loaded
  const { json, picked } = engineOptions(options, caution)
  const device = options.device ?? 'auto'
  const known = device === 'auto' ? knownRoute(options) : undefined
  const isFirst = infos.size === 0
  const call = client.call<{ info: RerankerInfo | null; adapter?: string }>(
    (id) => (isFirst ? { type: 'load', id, device, known, options: json, picked, wasm: client.wasm } : { type: 'add', id, options: json, picked }),
    signal,
    (message) => {
      if (message.type === 'progress') onProgress?.(message.event)
      if (message.type === 'persist') void persist()
    },
  )
  const { info, adapter } = await orAborted(signal, call).catch((error) => {
    throw withAdvice(error, options)
  })
  if (!info) return false
  // After a loss only the safe kernels were tried, and what was asked for need not be the fastest.
  if (isFirst && (options.kernels ?? 'auto') === 'auto' && (caution === 0 || !recallKernels())) rememberKernels(info)
  if (isFirst) loaded.adapter = adapter
  infos.set(options.task, { ...info, storage: storageOf(info.storage, options) })
  return true
}

/** For another worker: the first has asked the host whether its files are current, and has checked the hash of a picked file. */
export function helperOptions({ integrity, ...options }: WorkerModelOptions): WorkerModelOptions {
  const checked = options.model instanceof Blob || integrity === undefined ? {} : { integrity }
  return { ...options, ...checked, device: 'cpu', revalidate: false }
}

/** Where the files of a model are, of which the engine knows nothing: on this machine, or in a folder that stands for a browser's storage. */
function storageOf(storage: RerankerInfo['storage'], options: WorkerModelOptions): RerankerInfo['storage'] {
  if (storage === 'memory' && isLocal(options)) return 'file'
  return storage === 'opfs' && folderOf(options.cache) !== undefined ? 'folder' : storage
}

const isFileAddress = (file: string | URL | Blob | null | undefined) => file != null && !(file instanceof Blob) && absoluteUrl(file).startsWith('file:')

/** Whether the model is read from this machine's disk: a copy of it would only become outdated. */
const isLocal = ({ model, vision }: WorkerModelOptions) => isFileAddress(model) && (vision == null || isFileAddress(vision))

/** Where the engine is to keep files. A folder is to the engine what a browser's private file system is. */
function engineCache(options: WorkerModelOptions): string {
  const { cache } = options
  // What lies on this machine is read there.
  if (isFileAddress(options.model) || isFileAddress(options.vision)) return 'memory'
  if (folderOf(cache) !== undefined) return 'opfs'
  // Deno has a Cache API too, but outside of pages nobody expects gigabytes in it.
  const usual = hasFolders() ? 'memory' : 'auto'
  if (cache === false) return 'memory'
  return typeof cache === 'string' && cache !== 'auto' ? cache : usual
}

/** A model's name on Hugging Face, without `hf:` before it. It is a valid address too, beside the page. */
const HUB_NAME = /^[A-Za-z0-9][\w.-]*\/[\w.-]+(@[\w.-]+)?$/

function withAdvice(error: unknown, { model }: WorkerModelOptions): unknown {
  const missing = error instanceof SecondpassError && (error.code === 'not_found' || error.code === 'bad_response')
  if (!missing || typeof model !== 'string' || !HUB_NAME.test(model)) return error
  return new SecondpassError(error.code, error.status, `${error.message}. If "${model}" is a model on Hugging Face, write model: 'hf:${model}'.`)
}

/** The engine's options as JSON, and the files that the user picked, which JSON cannot hold. */
export function engineOptions(given: WorkerModelOptions, caution = 0): { json: string; picked: PickedFiles } {
  const { model, vision, integrity, ...options } = given
  const picked: PickedFiles = {}
  if (model instanceof Blob) picked.model = model
  if (vision instanceof Blob) picked.vision = vision
  // What is null is absent too, and the engine's JSON knows no null.
  const address = (file: string | URL | Blob | null | undefined) => (file == null || file instanceof Blob ? undefined : absoluteUrl(file))
  const cache = engineCache(given)
  // What is stored can be read again, and so need not fit.
  const isReadAgain = options.memory !== 'resident' && cache !== 'memory'
  const json = JSON.stringify({
    model: address(model),
    vision: address(vision),
    hub: address(options.hub),
    dtype: options.dtype ?? 'auto',
    maxImagePixels: options.maxImagePixels ?? undefined,
    applyOrientation: options.applyOrientation ?? false,
    savings: options.savings ?? undefined,
    task: options.task ?? 'rerank',
    prompts: options.prompts ?? undefined,
    cache,
    integrity: typeof integrity === 'string' ? { model: integrity } : (integrity ?? undefined),
    revalidate: options.revalidate ?? false,
    download: options.download ?? undefined,
    [isReadAgain ? 'maxResidentBytes' : 'maxBytes']: mostModelBytes(),
    maxWeightBytes: weightLimits(given),
    kernels: options.kernels ?? undefined,
    remembered: recallKernels(),
    caution,
  })
  return { json, picked }
}

/** What of the options makes another model: equal for loads of the same files in the same way. */
export function identityOf(options: WorkerModelOptions): unknown[] {
  const { remembered: _, caution: __, ...engine } = JSON.parse(engineOptions(options).json)
  return [options.device ?? 'auto', options.workers ?? 'auto', engine]
}

/** Asks the browser not to delete what is stored when it needs room. Only a page can ask, and some browsers ask the user. */
export async function persist(): Promise<void> {
  try {
    if (!(await navigator.storage.persisted())) await navigator.storage.persist()
  } catch {
    // Files are stored either way; they are only easier to evict.
  }
}
