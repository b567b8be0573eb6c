// A host that injects faults from a seeded generator and counts the bytes that it sends.
import { gzipSync } from 'node:zlib'

/** The mulberry32 generator: numbers in [0, 1). */
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/**
 * Serves files with ranges and validators. In `faults`, these are probabilities per request: `cut` (the connection closes in
 * the body), `stall` (the body stops), `short` (a truncated body with a matching length), `flip` (a flipped bit),
 * `wrongRange`, `busy` (429 or 5xx), `reset` (the connection closes at once). These are switches: `noRanges`, `noLength`,
 * `noValidators`, `redirect`, `cors`, `delay` (milliseconds before each 16 KiB), `gzip` (compresses everything, ignores
 * ranges), `hidden` (does not expose Content-Range to other origins), `away` (redirects to the same host under the URL
 * `elsewhere` of another origin, which sends CORS headers but answers no preflight).
 */
export class Host {
  served = {}
  requests = 0
  log = []
  elsewhere = ''

  constructor(files, faults = {}, seed = 1) {
    this.files = new Map(Object.entries(files))
    this.versions = new Map()
    this.faults = faults
    this.random = random(seed)
  }

  /** Replaces a file and its validators. */
  change(name, bytes) {
    this.files.set(name, bytes)
    this.versions.set(name, (this.versions.get(name) ?? 1) + 1)
  }

  get total() {
    return Object.values(this.served).reduce((sum, n) => sum + n, 0)
  }

  handle(name, request, response) {
    const { faults } = this
    this.requests++
    this.log.push(`${request.method} ${name} ${request.headers.range ?? ''}`)
    const moved = name.startsWith('moved/')
    if (faults.cors || (faults.away && moved)) {
      response.setHeader('access-control-allow-origin', '*')
      if (!faults.hidden) response.setHeader('access-control-expose-headers', 'content-range, etag')
    }
    if (faults.away && !moved) return response.writeHead(302, { location: `${this.elsewhere}moved/${name}` }).end()
    if (faults.redirect && !moved) return response.writeHead(302, { location: `moved/${name}` }).end()
    const file = name.replace(/^moved\//, '')
    const bytes = this.files.get(file)
    if (!bytes) return response.writeHead(404).end('not found')
    if (this.#draw('reset')) return request.socket.destroy()
    if (this.#draw('busy')) {
      const status = [429, 503, 500, 502][Math.floor(this.random() * 4)]
      const after = [{ 'retry-after': '0' }, { 'retry-after': new Date().toUTCString() }, {}]
      return response.writeHead(status, after[Math.floor(this.random() * 3)]).end('busy')
    }
    const { head, status, body } = this.#answer(file, bytes, request)
    this.#send(file, status, head, Buffer.from(body), response)
  }

  #draw(fault) {
    return this.random() < (this.faults[fault] ?? 0)
  }

  #answer(file, bytes, request) {
    const { faults } = this
    const etag = `"${file}-${this.versions.get(file) ?? 1}"`
    const head = { 'content-type': 'application/octet-stream', ...(faults.noValidators ? {} : { etag }) }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const other = request.headers['if-range'] && request.headers['if-range'] !== etag
    if (faults.gzip) return { head: { ...head, 'content-encoding': 'gzip' }, status: 200, body: gzipSync(bytes) }
    if (!range || faults.noRanges || other) return { head, status: 200, body: bytes }
    let from = Number(range[1])
    let to = Math.min(range[2] === '' ? Infinity : Number(range[2]), bytes.length - 1)
    if (from >= bytes.length) return { head: { ...head, 'content-range': `bytes */${bytes.length}` }, status: 416, body: Buffer.alloc(0) }
    if (from > 0 && this.#draw('wrongRange')) [from, to] = [from - 1, to - 1]
    return { head: { ...head, 'content-range': `bytes ${from}-${to}/${bytes.length}` }, status: 206, body: bytes.subarray(from, to + 1) }
  }

  async #send(file, status, head, body, response) {
    const at = Math.floor(this.random() * body.length)
    if (body.length > 0 && this.#draw('flip')) body[at] ^= 1 << Math.floor(this.random() * 8)
    const [cut, stall, short] = [this.#draw('cut'), this.#draw('stall'), this.#draw('short')]
    const sent = cut || stall || short ? body.subarray(0, at) : body
    // With `short`, Content-Length matches the truncated body.
    const length = short ? sent.length : body.length
    response.writeHead(status, this.faults.noLength ? head : { ...head, 'content-length': length })
    for (let start = 0; start < sent.length; start += 16384) {
      if (this.faults.delay) await new Promise((done) => setTimeout(done, this.faults.delay))
      if (response.destroyed) return
      const part = sent.subarray(start, start + 16384)
      this.served[file] = (this.served[file] ?? 0) + part.length
      if (!response.write(part) && !response.destroyed) await drained(response)
    }
    if (stall) return
    if (cut && !this.faults.noLength) return setTimeout(() => response.destroy(), 5)
    response.end()
  }
}

/** Resolves when the response can take more data or is closed. */
function drained(response) {
  return new Promise((done) => {
    const end = () => {
      response.off('drain', end).off('close', end)
      done()
    }
    response.on('drain', end).on('close', end)
  })
}
