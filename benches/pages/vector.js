// One number for a vector, so that engines can be compared as by scores: its product with a fixed vector of ones and minus ones
// (python/make_embedder.py).
export function productOf(vector) {
  let sum = 0
  for (let i = 0; i < vector.length; i++) sum += (i * i + Math.floor(i / 3)) % 2 ? vector[i] : -vector[i]
  return sum
}

/** The mean of rows of `size` numbers, of those that count, normalized. */
export function pooled(data, at, length, size, count) {
  const mean = new Float64Array(size)
  for (let row = 0; row < count; row++) for (let i = 0; i < size; i++) mean[i] += data[(at * length + row) * size + i]
  const norm = Math.hypot(...mean)
  return mean.map((value) => value / norm)
}
