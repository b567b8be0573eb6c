// Which options of a load stand for the same model.

/** Where the package's own files are, and what is used instead, makes no other model. */
const UNKEYED = ['worker', 'wasmUrl', 'fallback']
const DEFAULTS: Record<string, unknown> = { device: 'auto', workers: 'auto', dtype: 'auto', memory: 'auto', applyOrientation: false }

/** Equal for options that may share a model. */
export function modelKey(options: object): string {
  const all = { ...DEFAULTS, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) }
  const names = Object.keys(all)
    .filter((name) => !UNKEYED.includes(name))
    .sort()
  return JSON.stringify(names.map((name) => [name, all[name] instanceof Blob ? numberOf(all[name]) : all[name]]))
}

const blobs = new WeakMap<Blob, number>()
let nextBlob = 1

/** Stands for a picked file, which has no address. */
function numberOf(file: Blob): number {
  const number = blobs.get(file) ?? nextBlob++
  blobs.set(file, number)
  return number
}
