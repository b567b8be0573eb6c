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
  return JSON.stringify(names.map((name) => [name, numbered(all[name])]))
}

const numbers = new WeakMap<object, number>()
let next = 1

/** A number in place of what has no address: a picked file, or a function. */
export function numbered(value: unknown): unknown {
  if (!(value instanceof Blob) && typeof value !== 'function') return value
  const number = numbers.get(value) ?? next++
  numbers.set(value, number)
  return number
}
