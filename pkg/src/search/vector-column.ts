// The vectors of one field: 8-bit numbers with a scale for each vector, in rows beside those of the documents.
import { turn } from '../turn.js'
import { BestRows } from './best-rows.js'
import type { VectorField } from './index-options.js'
import { scanVectors } from './scan-vectors.js'
import type { VectorPrint } from './segment.js'

/** Rows are scanned in blocks of so many bytes, and the event loop gets a turn after each: a few milliseconds. */
const BLOCK_BYTES = 4 << 20
/** So many times as many rows as are wanted are scored again with the query as it is. */
const RESCORED = 4

const [MISSING, PRESENT, EMPTY] = [0, 1, 2] as const

export class VectorColumn {
  readonly name: string
  /** Of what a vector is made. */
  readonly field: VectorField
  /** What the vectors have to be, once the model is known; those of others are left aside. */
  expected: string | undefined
  /** What the vectors are; undefined before there are any. */
  print: VectorPrint | undefined
  /** How many rows have a vector. */
  count = 0
  #rows = 0
  #stride = 0
  #values = new Int8Array()
  #words = new Int32Array()
  #scales = new Float32Array()
  #states = new Uint8Array()

  constructor(name: string, field: VectorField) {
    this.name = name
    this.field = field
  }

  /** Forgets every vector. */
  reset(print: VectorPrint | undefined): void {
    this.print = print
    this.count = 0
    this.#rows = 0
    // Rows begin at multiples of sixteen bytes, which vector instructions like.
    this.#stride = print ? Math.ceil(print.dimensions / 16) * 16 : 0
    this.#values = new Int8Array()
    this.#words = new Int32Array()
    this.#scales = new Float32Array()
    this.#states = new Uint8Array()
  }

  set(row: number, scale: number, values: Int8Array): void {
    this.#reserve(row + 1)
    if (this.#states[row] !== PRESENT) this.count++
    this.#states[row] = PRESENT
    this.#scales[row] = scale
    this.#values.set(values, row * this.#stride)
  }

  /** Takes a row's vector away, so that it is computed again. */
  unset(row: number): void {
    if (this.#states[row] === PRESENT) this.count--
    if (row < this.#states.length) this.#states[row] = MISSING
  }

  /** The document of this row has nothing in this field. */
  setEmpty(row: number): void {
    this.#reserve(row + 1)
    if (this.#states[row] !== PRESENT) this.#states[row] = EMPTY
  }

  /** A row's vector as the log keeps it; a view of what may change. */
  get(row: number): { field: VectorPrint; scale: number; values: Int8Array } | undefined {
    if (!this.print || this.#states[row] !== PRESENT) return undefined
    return { field: this.print, scale: this.#scales[row]!, values: this.#values.subarray(row * this.#stride, row * this.#stride + this.print.dimensions) }
  }

  /** Whether it is not known yet what this row's vector is. */
  misses(row: number): boolean {
    return (this.#states[row] ?? MISSING) === MISSING
  }

  get bytes(): number {
    return this.count * ((this.print?.dimensions ?? 0) + 4)
  }

  /**
   * The rows that are nearest to a query, with their cosines. All rows are compared with the query in 8 bits, and the best of them
   * once more with the query as it is. `accepts` is asked only about rows that would be among the best.
   */
  async nearest(query: Float32Array, limit: number, accepts: (row: number) => boolean, signal?: AbortSignal): Promise<{ row: number; score: number }[]> {
    const rows = this.#rows
    const rough = new BestRows(RESCORED * limit)
    // While the event loop has its turn these may be replaced by larger ones, or by those of another model.
    const [stride, matrix, words, scales, states] = [this.#stride, this.#values, this.#words, this.#scales, this.#states]
    const whole = Int32Array.from(quantize(query, stride).values)
    const products = new Int32Array(rows)
    const block = Math.max(2, Math.floor(BLOCK_BYTES / Math.max(stride, 1)))
    for (let from = 0; from < rows; from += block) {
      const to = Math.min(rows, from + block)
      scanVectors(words, stride >> 2, whole, from, to, products)
      for (let row = from; row < to; row++) {
        const score = products[row]! * scales[row]!
        if (score > rough.threshold && states[row] === PRESENT && accepts(row)) rough.offer(row, score)
      }
      if (to < rows) await turn()
      signal?.throwIfAborted()
    }
    const exact = new BestRows(limit)
    const found = rough.sorted().sort((a, b) => a.row - b.row)
    for (const { row } of found) if (states[row] === PRESENT) exact.offer(row, product(query, matrix, row * stride) * scales[row]!)
    return exact.sorted()
  }

  #reserve(rows: number): void {
    this.#rows = Math.max(this.#rows, rows)
    if (rows <= this.#states.length) return
    const capacity = Math.max(rows, 2 * this.#states.length, 64)
    this.#states = grown(this.#states, new Uint8Array(capacity))
    this.#scales = grown(this.#scales, new Float32Array(capacity))
    this.#values = grown(this.#values, new Int8Array(capacity * this.#stride))
    this.#words = new Int32Array(this.#values.buffer)
  }
}

function product(query: Float32Array, matrix: Int8Array, at: number): number {
  let sum = 0
  for (let i = 0; i < query.length; i++) sum += query[i]! * matrix[at + i]!
  return sum
}

function grown<A extends Uint8Array | Float32Array | Int8Array>(old: A, larger: A): A {
  larger.set(old)
  return larger
}

/** Divides a vector by its length. Undefined if a number is not finite. */
export function unitVector(values: ArrayLike<number>): Float32Array | undefined {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  if (!Number.isFinite(sum)) return undefined
  const length = Math.sqrt(sum)
  return Float32Array.from(values, (value) => (length > 0 ? value / length : 0))
}

/** Rounds a vector to 8 bits, so that its largest number becomes 127. Padded with zeros to `stride`. */
export function quantize(vector: Float32Array, stride = vector.length): { scale: number; values: Int8Array } {
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value))
  const values = new Int8Array(stride)
  if (largest > 0) for (let i = 0; i < vector.length; i++) values[i] = Math.round((vector[i]! * 127) / largest)
  return { scale: largest / 127, values }
}
