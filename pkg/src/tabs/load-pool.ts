// Loads a model for this tab alone, or for all that share it.
import { Pool } from '../page/pool.js'
import type { StepControl, WorkerModelOptions } from '../protocol.js'
import { SharedPool } from './shared-pool.js'
import { whyNotShared } from './sharing.js'

/** A model in workers of this tab, or of the one that hosts it. */
export type PoolOfTab = Pool | SharedPool

export async function loadPool(options: WorkerModelOptions, control: StepControl): Promise<PoolOfTab> {
  if (!options.shared) return Pool.load(options, control)
  const reason = await whyNotShared(options)
  if (reason === undefined) return SharedPool.load(options, control)
  const pool = await Pool.load(options, control)
  pool.unshared = reason
  return pool
}
