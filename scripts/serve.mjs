// A small static server on loopback, for the demo and the tests: types, ranges, nothing outside its folder.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json',
  '.wasm': 'application/wasm', '.svg': 'image/svg+xml',
}

/** Answers a request from `folder`; false if there is no such file. */
export function serveFile(folder, request, response) {
  let path
  try {
    path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname))
  } catch {
    return false
  }
  if (path.endsWith(sep)) path += 'index.html'
  const file = join(folder, path)
  const stat = file.startsWith(folder + sep) ? statSync(file, { throwIfNoEntry: false }) : undefined
  if (!stat?.isFile()) return false
  const headers = { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'accept-ranges': 'bytes', 'cache-control': 'no-cache' }
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
