// How many workers compute for one model.
import { invalidRequest } from '../errors.js'
import type { ModelOptions, RerankerInfo } from '../types.js'
import { isStored } from './loading.js'

/** More would be a mistake of the caller's: no page needs so many, and each costs a copy of the model. */
const MOST_WORKERS = 64
/** `auto` starts no more: the gain shrinks as workers share the processor's caches and the way to memory. */
const MOST_BY_ITSELF = 8
/** Cores that are left to the page and the browser. */
const SPARE_CORES = 1
/** What the copies of a model may take of the device's memory together: the page is not alone on it. */
const SHARE_OF_MEMORY = 1 / 4
/** Where the browser does not tell how much there is (Firefox, Safari), in GiB. */
const USUAL_GIB = 4
/** Beside its weights a worker needs room for the activations of a request. */
const WORKING_BYTES = 64 * 2 ** 20
const GIB = 2 ** 30

/** What a browser says of the device. */
export interface DeviceHints {
  hardwareConcurrency?: number
  /** In GiB, rounded; only some browsers tell. */
  deviceMemory?: number
}

/** How many workers there should be, and why no more where there are fewer than one would expect. */
export interface PoolSize {
  count: number
  limited?: NonNullable<RerankerInfo['workers_limited']>
}

/** Refuses what is no number of workers, before anything is loaded. */
export function checkWorkers(workers: unknown): void {
  if (workers === undefined || workers === 'auto') return
  if (typeof workers === 'number' && Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS) return
  throw invalidRequest(`workers is ${typeof workers === 'string' ? `"${workers}"` : String(workers)}; use "auto" or a whole number from 1 to ${MOST_WORKERS}`)
}

/** Decides once the first worker has the model, since only then its device, its storage and its size are known. */
export function poolSize(workers: ModelOptions['workers'] = 'auto', info: RerankerInfo, hints: DeviceHints): PoolSize {
  const cores = Math.min(MOST_BY_ITSELF, Math.max(1, (hints.hardwareConcurrency ?? 1) - SPARE_CORES))
  const wanted = workers === 'auto' ? cores : workers
  if (wanted === 1) return { count: 1 }
  // One worker keeps a GPU busy, so there is nothing to explain unless more were asked for.
  if (info.device !== 'cpu') return workers === 'auto' ? { count: 1 } : one('device', 'The GPU computes for one worker; "workers" is for the CPU.')
  if (!isStored(info)) {
    return one('storage', 'The files of the model are kept in the memory of one worker, and each further one would have to download them again.')
  }
  if (workers !== 'auto') return { count: wanted }
  const fitting = fittingCopies(info, hints)
  if (fitting >= wanted) return { count: wanted }
  const message = `Each worker has a copy of the model, ${Math.round(bytesOfCopy(info) / 2 ** 20)} MiB with its working memory, and a quarter of the device's memory is used at most.`
  return { count: Math.max(1, fitting), limited: { by: 'memory', message } }
}

/** Of weights that are read again only some have a copy in each. */
const bytesOfCopy = ({ memory, weight_bytes, wasm_bytes }: RerankerInfo): number =>
  Math.max(memory === 'streamed' ? 0 : weight_bytes, wasm_bytes) + WORKING_BYTES

/** How many copies of a model the device bears. */
export const fittingCopies = (info: RerankerInfo, { deviceMemory = USUAL_GIB }: DeviceHints): number =>
  Math.floor((deviceMemory * GIB * SHARE_OF_MEMORY) / bytesOfCopy(info))

const one = (by: 'device' | 'storage', message: string): PoolSize => ({ count: 1, limited: { by, message } })
