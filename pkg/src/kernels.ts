// Which of our shaders is fastest on this adapter is measured once, and remembered for the next visit.
import type { RerankerInfo } from './types.js'

const KEY = 'secondpass:kernels'

interface Remembered {
  adapter: string
  style: string
}

/** What an earlier visit measured. Storage may be forbidden or hold anything; the worker then measures anew. */
export function recallKernels(): Remembered | undefined {
  try {
    const { adapter, style } = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return typeof adapter === 'string' && typeof style === 'string' ? { adapter, style } : undefined
  } catch {
    return undefined
  }
}

/** What was fastest may not run any more. */
export function forgetKernels(): void {
  try {
    localStorage.removeItem(KEY)
  } catch {
    // What cannot be kept need not be forgotten.
  }
}

export function rememberKernels({ adapter, kernels }: RerankerInfo): void {
  if (!adapter || !kernels) return
  try {
    localStorage.setItem(KEY, JSON.stringify({ adapter: adapter.name, style: kernels } satisfies Remembered))
  } catch {
    // Measured again next time.
  }
}
