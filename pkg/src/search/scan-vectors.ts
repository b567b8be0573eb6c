// The inner loop of a search by vectors: products of one query with many rows, all in 8-bit integers.

/**
 * Writes the products of the query with the rows `from` to `to` into `products`. Four numbers of a row are read as one word, lowest
 * byte first, as all browsers store them; two rows at a time share what is read of the query. `words` is the matrix, `stride` the
 * words of a row. 16,384 products of 8-bit numbers fit an integer of 32 bits.
 */
export function scanVectors(words: Int32Array, stride: number, query: Int32Array, from: number, to: number, products: Int32Array): void {
  let row = from
  for (; row + 2 <= to; row += 2) {
    const first = row * stride
    const second = first + stride
    let [a0, a1, b0, b1] = [0, 0, 0, 0]
    for (let i = 0, j = 0; i < stride; i++, j += 4) {
      const a = words[first + i]!
      const b = words[second + i]!
      const q0 = query[j]!
      const q1 = query[j + 1]!
      const q2 = query[j + 2]!
      const q3 = query[j + 3]!
      a0 = (a0 + Math.imul((a << 24) >> 24, q0) + Math.imul((a << 16) >> 24, q1)) | 0
      a1 = (a1 + Math.imul((a << 8) >> 24, q2) + Math.imul(a >> 24, q3)) | 0
      b0 = (b0 + Math.imul((b << 24) >> 24, q0) + Math.imul((b << 16) >> 24, q1)) | 0
      b1 = (b1 + Math.imul((b << 8) >> 24, q2) + Math.imul(b >> 24, q3)) | 0
    }
    products[row] = (a0 + a1) | 0
    products[row + 1] = (b0 + b1) | 0
  }
  if (row < to) products[row] = product(words, row * stride, stride, query)
}

/** The last of an odd number of rows. */
function product(words: Int32Array, at: number, stride: number, query: Int32Array): number {
  let sum = 0
  for (let i = 0, j = 0; i < stride; i++, j += 4) {
    const a = words[at + i]!
    sum =
      (sum +
        Math.imul((a << 24) >> 24, query[j]!) +
        Math.imul((a << 16) >> 24, query[j + 1]!) +
        Math.imul((a << 8) >> 24, query[j + 2]!) +
        Math.imul(a >> 24, query[j + 3]!)) |
      0
  }
  return sum
}
