// Which shaders are fastest on this adapter is measured once, and remembered for the next visit.
import type { RerankerInfo } from '../types.js'

/** With a number that grows with the kernels there are: what was the fastest of fewer says nothing of the new ones. */
const KEY = 'secondpass:kernels:2'

interface RememberedKernels {
  adapter: string
  style: string
}

/** What an earlier visit measured. Storage may be forbidden or hold anything; the worker then measures again. */
export function recallKernels(): RememberedKernels | undefined {
  try {
    const { adapter, style } = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return typeof adapter === 'string' && typeof style === 'string' ? { adapter, style } : undefined
  } catch {
    return undefined
  }
}

/** The fastest kernels may not run any more. */
export function forgetKernels(): void {
  try {
    localStorage.removeItem(KEY)
  } catch {
    // Without storage nothing was remembered.
  }
}

export function rememberKernels({ adapter, kernels }: RerankerInfo): void {
  if (!adapter || !kernels) return
  try {
    localStorage.setItem(KEY, JSON.stringify({ adapter: adapter.name, style: kernels } satisfies RememberedKernels))
  } catch {
    // Measured again at the next visit.
  }
}
