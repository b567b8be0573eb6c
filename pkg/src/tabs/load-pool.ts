// Loads a model for this tab alone, or for all that share it.
import { loadPart } from '../page/page-model.js'
import type { PoolPart } from '../page/pool-part.js'
import type { StepControl, WorkerModelOptions } from '../protocol.js'
import { SharedPool } from './shared-pool.js'
import { whyNotShared } from './sharing.js'

/** A model in workers of this tab, or of the one that hosts it. */
export type PoolOfTab = PoolPart | SharedPool

export async function loadPool(options: WorkerModelOptions, control: StepControl): Promise<PoolOfTab> {
  if (!options.shared) return loadPart(options, control)
  const reason = await whyNotShared(options)
  if (reason === undefined) return SharedPool.load(options, control)
  const part = await loadPart(options, control)
  part.unshared = reason
  return part
}
