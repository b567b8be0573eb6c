// One tab of the soak: many requests at once, of every kind, while workers are killed and the network goes. Every outcome is compared
// with the one that the request must have; every score with that of a quiet run.
import * as secondpass from '/dist/index.js'

const TOLERANCE = 1e-5
const CONCURRENT = 6
const HANG_MS = 120_000
const QUERIES = ['which planet is red', 'how do I restore a backup', 'soup with lentils', 'x']
const DOCUMENTS = Array.from(
  { length: 24 },
  (_, i) => `${i} ${'Mars is red, and a backup is restored with care. '.repeat(1 + ((i * 7) % 5))}${'lentils '.repeat(i % 4)}`,
)
const FILES = ['rgb8.png', '444-q30.jpg', 'grey8.png'].map((name) => `/fixtures/pictures/${name}`)
const MALFORMED = [
  undefined,
  {},
  { query: 'q' },
  { query: 'q', documents: [] },
  { query: 'q', documents: 'abc' },
  { query: 'q', documents: [null] },
  { query: 'q', documents: ['a'], top_n: Number.NaN },
  { query: 'q', documents: ['a'], topN: 1 },
  { query: 'q', documents: [{ image: '' }] },
  { query: 'q', documents: ['a'], instruction: 1n },
]

const figures = { requests: 0, scores: 0, worst: 0, aborted: 0, malformed: 0, broken: 0, kills: 0, lost: 0, offline: 0, loads: 0, late: 0 }
const problems = []
const note = (what) => problems.length < 20 && problems.push(what)

/** The same numbers for the same seed. */
function seeded(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { below: (n) => Math.floor(next() * n), pick: (list) => list[Math.floor(next() * list.length)] }
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms))
/** Kills and a network that is off exclude each other, over both tabs: without a network no worker can be started. */
const alone = (work) => navigator.locks.request('soak', work)

let made = []
/** One after the other: a worker that is killed is the one that works. */
const worker = () => made[made.push(new Worker('/pages/dying-worker.js', { type: 'module' })) - 1]

class Soak {
  constructor(seed, ends) {
    Object.assign(this, seeded(seed), { ends, quiet: new Map() })
  }

  async begin() {
    const [text, vision] = ['/models/tiny-tied', '/fixtures/vl/vl-tied']
    this.text = await secondpass.Reranker.load({ model: text, device: 'cpu', worker })
    this.vision = await secondpass.Reranker.load({ model: vision, device: 'cpu' })
    for (const query of QUERIES) {
      const { results } = await this.text.rerank({ query, documents: DOCUMENTS })
      for (const { index, relevance_score } of results) this.quiet.set(`${query} ${DOCUMENTS[index]}`, relevance_score)
    }
    this.blobs = await Promise.all(FILES.map(async (url) => (await fetch(url)).blob()))
    const { results } = await this.vision.rerank({ query: 'a picture', documents: this.blobs.map((image) => ({ image })) })
    for (const { index, relevance_score } of results) this.quiet.set(index, relevance_score)
    this.broken = [new Blob([]), new Blob(['no picture']), this.blobs[0].slice(0, 40), '/nowhere.png', 'data:image/png;base64,AAAA']
  }

  compare(score, key) {
    figures.scores++
    const off = Math.abs(score - this.quiet.get(key))
    figures.worst = Math.max(figures.worst, off)
    if (!(off <= TOLERANCE)) note(`a score is ${score} instead of ${this.quiet.get(key)}`)
  }

  /** Sends a request; notes a hang, and callbacks after its end. */
  async ask(reranker, request, control = {}) {
    figures.requests++
    let ended = false
    const onResult = () => ended && (figures.late++, note('a callback after the end'))
    const hang = setTimeout(() => note(`a request hangs: ${JSON.stringify(request)?.slice(0, 80)}`), HANG_MS)
    try {
      return { ok: await reranker.rerank(request, { ...control, onResult }) }
    } catch (error) {
      return { error }
    } finally {
      ended = true
      clearTimeout(hang)
    }
  }

  some(list) {
    return list.filter(() => this.below(3) > 0).concat(list[this.below(list.length)])
  }

  async texts(control) {
    const [query, documents, kills] = [this.pick(QUERIES), this.some(DOCUMENTS), figures.kills]
    const { ok, error } = await this.ask(this.text, { query, documents }, control)
    if (ok) for (const { index, relevance_score } of ok.results) this.compare(relevance_score, `${query} ${documents[index]}`)
    if (ok && ok.results.length < documents.length) note(`${ok.results.length} of ${documents.length} results`)
    if (!error || control?.signal.aborted) return error
    // A request is repeated once; one whose worker is killed twice is taken for the cause.
    if (error.code === 'internal' && figures.kills - kills >= 2) figures.lost++
    else note(`${error.code}: ${error.message}`)
    return error
  }

  async aborted() {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), this.below(60))
    const error = await this.texts({ signal: controller.signal })
    if (!error) return
    figures.aborted++
    if (error.name !== 'AbortError') note(`an aborted request gave ${error.code}: ${error.message}`)
  }

  async malformed() {
    const { error } = await this.ask(this.pick([this.text, this.vision]), this.pick(MALFORMED))
    figures.malformed++
    if (error?.code !== 'invalid_request') note(`a malformed request gave ${error?.code}: ${error?.message}`)
  }

  async pictures() {
    const kinds = Array.from({ length: 1 + this.below(3) }, () =>
      this.below(3) === 0 ? { image: this.pick(this.broken) } : { whole: this.below(this.blobs.length) },
    )
    const documents = kinds.map(({ image, whole }) => ({ image: image ?? this.blobs[whole] }))
    const { ok, error } = await this.ask(this.vision, { query: 'a picture', documents: [{ text: 'none' }, ...documents] })
    if (error) return note(`pictures: ${error.code}: ${error.message}`)
    const failed = new Set(ok.meta.failed?.map(({ index }) => index))
    kinds.forEach(({ image }, i) => {
      if (image !== undefined) figures.broken++
      if (failed.has(i + 1) !== (image !== undefined)) note(`picture ${i}: ${image === undefined ? 'a whole one failed' : 'a broken one has a score'}`)
    })
    for (const { index, relevance_score } of ok.results) if (index > 0) this.compare(relevance_score, kinds[index - 1].whole)
  }

  kill() {
    return alone(async () => {
      figures.kills++
      if (this.below(2)) made.at(-1)?.terminate()
      else {
        const { error } = await this.ask(this.text, { query: 'kill', documents: ['a'] })
        figures.kills++
        if (error?.code !== 'internal') note(`a request that kills gave ${error?.code ?? 'scores'}`)
      }
      await this.texts()
      made = made.slice(-1)
    })
  }

  offline() {
    return alone(async () => {
      figures.offline++
      await window.setOffline(true)
      const { ok, error } = await this.ask(this.vision, { query: 'a picture', documents: ['a', { image: `${FILES[0]}?${this.below(1e9)}` }] })
      if (error || ok.meta.failed?.[0]?.code !== 'image_unavailable') note(`offline: ${error?.message ?? 'a picture was fetched'}`)
      await this.texts()
      await window.setOffline(false)
    })
  }

  /** Another reranker for a moment, from the storage that both tabs share. */
  load() {
    return alone(async () => {
      figures.loads++
      const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
      const query = this.pick(QUERIES)
      const { ok } = await this.ask(reranker, { query, documents: DOCUMENTS.slice(0, 2) })
      for (const { index, relevance_score } of ok?.results ?? []) this.compare(relevance_score, `${query} ${DOCUMENTS[index]}`)
      reranker.dispose()
    })
  }

  async run() {
    const kinds = { texts: 12, aborted: 6, malformed: 3, pictures: 3, kill: 1, offline: 1, load: 1 }
    const bag = Object.entries(kinds).flatMap(([kind, times]) => Array(times).fill(kind))
    const lane = async () => {
      while (performance.now() < this.ends && problems.length === 0) {
        const kind = this.pick(bag)
        try {
          await this[kind]()
        } catch (error) {
          note(`${kind}: ${error.code ?? error.name}: ${error.message}`)
        }
        await wait(0)
      }
    }
    await Promise.all(Array.from({ length: CONCURRENT }, lane))
  }

  end() {
    const closed = [this.text, this.vision].filter((reranker) => reranker.closed).length
    if (closed > 0) note('a reranker has closed')
    this.text.dispose()
    this.vision.dispose()
  }
}

let soak
window.memory = () => ({
  wasm: [soak?.text, soak?.vision].reduce((sum, reranker) => sum + (reranker?.info.wasm_bytes ?? 0), 0),
  heap: performance.memory?.usedJSHeapSize ?? 0,
})
window.soak = async (seed, seconds) => {
  soak = new Soak(seed, 0)
  await soak.begin()
  soak.ends = performance.now() + seconds * 1000
  await soak.run()
  soak.end()
  return { figures, problems }
}
window.ready = true
