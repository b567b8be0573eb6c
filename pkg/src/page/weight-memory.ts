// How many bytes of a model's weights may stay in memory, and when no more than that are kept.
import { SecondpassError } from '../errors.js'
import { machine } from '../node/thread.js'
import type { WorkerModelOptions } from '../protocol.js'
import { mostModelBytes } from './platform.js'

const GIB = 2 ** 30
/** A module has 4 GiB, in which a request's activations and the layers that are being read need room too. */
const MOST_IN_MODULE = 3 * GIB
/** The page and the browser have the rest. */
const SHARE_OF_MEMORY = 1 / 2
/** Some browsers tell no more than this, so nobody knows how much more there is. */
const MOST_TOLD = 8

/** The most bytes of weights that stay on each kind of device, for each worker; absent where all of them do. */
export interface WeightLimits {
  cpu?: number
  webgpu?: number
}

/** Those of a load. On a GPU the allocations tell what fits, unless the device is small. */
export function weightLimits({ memory = 'auto', workers }: WorkerModelOptions): WeightLimits {
  if (memory === 'resident') return {}
  if (memory !== 'auto') {
    const bytes = memory === 'streamed' ? 0 : memory
    return { cpu: bytes, webgpu: bytes }
  }
  const { deviceMemory = MOST_TOLD } = machine()
  const share = Math.floor(Math.min(deviceMemory * GIB, mostModelBytes() ?? Number.POSITIVE_INFINITY) * SHARE_OF_MEMORY)
  const cpu = Math.min(MOST_IN_MODULE, Math.floor(share / (typeof workers === 'number' ? workers : 1)))
  return { cpu, ...((deviceMemory < MOST_TOLD || mostModelBytes() !== undefined) && { webgpu: share }) }
}

/** The options of another try after a failure: where memory was lacking, with as few weights in it as possible. */
export function afterFailure(options: WorkerModelOptions, error: unknown): WorkerModelOptions {
  const lacking = error instanceof SecondpassError && error.code === 'out_of_memory' && (options.memory ?? 'auto') === 'auto'
  return lacking ? { ...options, memory: 'streamed' } : options
}
