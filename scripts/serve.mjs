// A small static server on loopback, for the demo and the tests: types, ranges, validators, nothing outside its folder.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { gzipSync } from 'node:zlib'

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
}

/** What gains by compression, as hosts of static files do it. Weights and indexes are not compressible, and are read by ranges. */
const COMPRESSED = new Set(['.html', '.js', '.css', '.json', '.wasm', '.svg', '.txt'])
/** Compressed files by their validators. */
const gzipped = new Map()

/** Answers a request from `folder`; false if there is no such file. `compress`: with gzip where the client takes it. */
export function serveFile(folder, request, response, { compress = false } = {}) {
  const { file, stat } = find(folder, request) ?? {}
  if (!stat) return false
  // A page's second request for a file, by its service worker, then costs no bytes.
  const etag = `"${stat.size}-${stat.mtimeMs}"`
  const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'accept-ranges': 'bytes', 'cache-control': 'no-cache', etag }
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end()
    return true
  }
  const gzip = compress && COMPRESSED.has(extname(file)) && !request.headers.range && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  if (gzip) {
    const key = `${file} ${etag}`
    const body = gzipped.get(key) ?? gzipSync(readFileSync(file))
    gzipped.set(key, body)
    response.writeHead(200, { ...headers, 'content-encoding': 'gzip', vary: 'accept-encoding', 'content-length': body.length }).end(body)
    return true
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (!range) {
    response.writeHead(200, { ...headers, 'content-length': stat.size })
    createReadStream(file).pipe(response)
    return true
  }
  const start = Number(range[1])
  const end = Math.min(range[2] === '' ? Infinity : Number(range[2]), stat.size - 1)
  if (start > end) {
    response.writeHead(416, { 'content-range': `bytes */${stat.size}` }).end()
    return true
  }
  response.writeHead(206, { ...headers, 'content-length': end - start + 1, 'content-range': `bytes ${start}-${end}/${stat.size}` })
  createReadStream(file, { start, end }).pipe(response)
  return true
}

/** The file that a request names, if there is one. Paths that cannot be, such as a folder in a file, throw on the way. */
function find(folder, request) {
  try {
    let path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname))
    if (path.endsWith(sep)) path += 'index.html'
    const file = join(folder, path)
    const stat = file.startsWith(folder + sep) ? statSync(file, { throwIfNoEntry: false }) : undefined
    return stat?.isFile() ? { file, stat } : undefined
  } catch {
    return undefined
  }
}

/** Listens on loopback; the next free port where the wished one is taken and was not asked for. */
export function listen(handler, port, exact) {
  return new Promise((resolve, reject) => {
    const server = createServer(handler)
    server.once('error', (error) => {
      if (error.code === 'EADDRINUSE' && !exact) resolve(listen(handler, port + 1, false))
      else reject(error)
    })
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}
