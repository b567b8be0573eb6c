// Documents and embedders for the tests of the search index: small, deterministic, the same in Node and in a page.

const WORDS = 'harbour anchor compass lighthouse sail rudder mast current tide storm island cargo captain crew chart reef buoy pilot dock rope'.split(' ')
const MORE =
  'copper window garden violin marble thunder pepper lantern bridge carpet feather magnet orchard pencil ribbon saddle tunnel velvet whistle zipper'.split(' ')

/** Numbers from 0 to 1 that a seed determines. */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Documents of `words` words each: some words are frequent, and each document has a few of its own. */
export function passages(count, { seed = 1, words = 20, from = 0 } = {}) {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i
    const draw = random(seed * 1e6 + n)
    const pick = () => {
      const list = draw() < 0.5 ? WORDS : MORE
      return list[Math.floor(draw() ** 2 * list.length)]
    }
    const text = Array.from({ length: words }, (_, j) => (j % 7 === 3 ? `term${Math.floor(draw() * 400)}` : pick())).join(' ')
    return { id: `p${n}`, title: `${pick()} ${pick()} ${n}`, text }
  })
}

/** The vector of a text: signed counts of its letters in threes, at places that a hash gives. */
export function hashedVector(text, dimensions, salt = 0) {
  const vector = new Float32Array(dimensions)
  const letters = ` ${text.toLowerCase()} `
  for (let i = 0; i + 3 <= letters.length; i++) {
    let hash = 2166136261 ^ salt
    for (let j = 0; j < 3; j++) hash = Math.imul(hash ^ letters.charCodeAt(i + j), 16777619)
    hash = Math.imul(hash ^ (hash >>> 15), 2246822519)
    vector[(hash >>> 1) % dimensions] += hash & 1 ? 1 : -1
  }
  return vector
}

/** An embedder of the shape of `Embedder`, by hashing. `calls` counts its inputs, `requests` keeps the last ones. */
export function hashedEmbedder(identity = 'hash-a', { dimensions = 64, delay = 0, salt = 0, failing } = {}) {
  return {
    info: { identity, model: identity },
    calls: 0,
    requests: [],
    async embed(request, { signal } = {}) {
      signal?.throwIfAborted()
      const { input } = request
      this.requests = [...this.requests.slice(-9), request]
      if (delay) {
        await new Promise((resolve, reject) => {
          const timer = setTimeout(resolve, delay)
          signal?.addEventListener('abort', () => {
            clearTimeout(timer)
            reject(signal.reason)
          })
        })
      }
      failing?.(request)
      this.calls += input.length
      const data = input.map((content, index) => {
        const text = typeof content === 'string' ? content : [content.text ?? '', content.image ?? ''].flat().join(' ')
        return { object: 'embedding', index, embedding: Array.from(hashedVector(text, request.dimensions ?? dimensions, salt)) }
      })
      return { object: 'list', model: identity, data, usage: { prompt_tokens: 0, total_tokens: 0 } }
    },
  }
}
