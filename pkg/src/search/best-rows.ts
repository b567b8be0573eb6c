/** The best rows of a scan: a heap whose top is the worst that is kept. Of equal scores the earlier row is better. */
export class BestRows {
  readonly #scores: Float64Array
  readonly #rows: Int32Array
  #count = 0

  constructor(limit: number) {
    this.#scores = new Float64Array(limit)
    this.#rows = new Int32Array(limit)
  }

  /** What a score has to exceed to be kept. */
  get threshold(): number {
    return this.#count < this.#scores.length ? -Infinity : (this.#scores[0] ?? Infinity)
  }

  /** Rows are offered in rising order. */
  offer(row: number, score: number): void {
    if (!(score > this.threshold)) return
    if (this.#count < this.#scores.length) this.#rise(this.#count++, row, score)
    else this.#sink(row, score)
  }

  /** Best first. */
  sorted(): { row: number; score: number }[] {
    return Array.from({ length: this.#count }, (_, i) => ({ row: this.#rows[i]!, score: this.#scores[i]! })).sort((a, b) => b.score - a.score || a.row - b.row)
  }

  #rise(at: number, row: number, score: number): void {
    let i = at
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (this.#worse(parent, row, score)) break
      this.#set(i, this.#rows[parent]!, this.#scores[parent]!)
      i = parent
    }
    this.#set(i, row, score)
  }

  #sink(row: number, score: number): void {
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= this.#count) break
      if (child + 1 < this.#count && this.#worse(child + 1, this.#rows[child]!, this.#scores[child]!)) child++
      if (!this.#worse(child, row, score)) break
      this.#set(i, this.#rows[child]!, this.#scores[child]!)
      i = child
    }
    this.#set(i, row, score)
  }

  /** Whether an entry is worse than a row with a score. */
  #worse(at: number, row: number, score: number): boolean {
    return this.#scores[at]! < score || (this.#scores[at] === score && this.#rows[at]! > row)
  }

  #set(at: number, row: number, score: number): void {
    this.#rows[at] = row
    this.#scores[at] = score
  }
}
