// Passages and vectors for the search index: as many as wanted, the same each time.

function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const SYLLABLES = 'ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu bra cle dri flo gru sta pre tri blo cru'.split(' ')
const VOCABULARY = 40_000
/** The word with this number: the smaller, the shorter. */
const word = (n) => {
  let text = ''
  for (let rest = n + 1; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) text += SYLLABLES[rest % SYLLABLES.length]
  return text
}
const words = Array.from({ length: VOCABULARY }, (_, n) => word(n))

/** Passages of 90 words on average, their words as frequent as in a language: the n-th word as 1 / n. */
export function* passages(count) {
  for (let i = 0; i < count; i++) {
    const draw = random(i + 1)
    const length = 60 + Math.floor(60 * draw())
    const pick = () => words[Math.min(VOCABULARY - 1, Math.floor(VOCABULARY ** draw()))]
    yield { id: i, title: `${pick()} ${pick()} ${pick()}`, text: Array.from({ length }, pick).join(' ') }
  }
}

/** Three words, of which one is frequent and one is rare. */
export function queries(count) {
  return Array.from({ length: count }, (_, i) => {
    const draw = random(7_000_000 + i)
    return [100, 1000, 8000].map((most) => words[Math.floor(most * (0.5 + draw() / 2))]).join(' ')
  })
}

const TOPICS = 300

/** Vectors around some topics, from a number that stands for a text: the embedder's own time is not what is measured. */
export function vectorOf(number, dimensions) {
  const draw = random(number)
  const topic = random(90_000_000 + Math.floor(draw() * TOPICS))
  // The sum of three draws is close enough to a normal distribution.
  const normal = (next) => 2 * (next() + next() + next() - 1.5)
  return Float32Array.from({ length: dimensions }, () => normal(topic) + 0.7 * normal(draw))
}

export function numberOf(text) {
  let hash = 2166136261
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619)
  return hash >>> 0
}
