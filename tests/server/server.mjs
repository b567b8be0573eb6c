// The HTTP server of the browser tests: the built package, the fixtures, and faults of networks and hosts.
//
//   /dist/…            pkg/dist
//   /demo/…            the built demo
//   /pages/…           tests/browser/pages
//   /models/NAME/…     a fixture, with ranges
//   /fixtures/…        tests/fixtures
//   /fault/KIND/NAME/… a fixture with a fault; KIND is a key of TRANSPORT or MUTATIONS
//   /host/ID/…         a host that a test has registered, see faulty.mjs
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/lib.mjs'
import { listen, serveFile } from '../../scripts/serve.mjs'
import { MUTATIONS } from './mutate.mjs'

const FOLDERS = {
  dist: join(ROOT, 'pkg', 'dist'),
  demo: join(ROOT, 'dist'),
  pages: join(ROOT, 'tests', 'browser', 'pages'),
  models: join(ROOT, 'tests', 'fixtures', 'text'),
  fixtures: join(ROOT, 'tests', 'fixtures'),
}

/** Faults of the transport: each answers a request for the given file. */
const TRANSPORT = {
  missing: (_, response) => response.writeHead(404).end(),
  broken: (_, response) => response.writeHead(500).end('oops'),
  html: (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Hello</title>'),
  'no-range': (bytes, response) => response.writeHead(200, { 'content-length': bytes.length }).end(bytes),
  cut: (bytes, response) => {
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, bytes.length >> 1))
    setTimeout(() => response.destroy(), 50)
  },
  'cut-range': (bytes, response, request) => {
    const [from, to] = rangeOf(request, bytes)
    const part = bytes.subarray(from, to + 1)
    response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${bytes.length}`, 'content-length': part.length })
    if (part.length < 1024) return response.end(part)
    // No body at all: a download resumes after the last byte, so with partial bodies it would complete.
    response.flushHeaders()
    setTimeout(() => response.destroy(), 50)
  },
  'wrong-range': (bytes, response, request) => {
    const [from, to] = rangeOf(request, bytes)
    const shift = from > 0 ? 1 : 0
    response.writeHead(206, { 'content-range': `bytes ${from - shift}-${to - shift}/${bytes.length}` })
    response.end(bytes.subarray(from - shift, to + 1 - shift))
  },
  stall: () => {},
}

function rangeOf(request, bytes) {
  const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
  return [Number(from), Math.min(Number(to), bytes.length - 1)]
}

/** `folders` are served beside those above, by their first part of the path. `prelude` is put at the start of every page. */
export async function startServer({ folders = {}, prelude = '' } = {}) {
  const hosts = new Map()
  const served = { hosts, folders: { ...FOLDERS, ...folders }, prelude }
  const server = await listen((request, response) => handle(served, request, response), 0, true)
  return {
    hosts,
    url: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(done)
      }),
  }
}

function handle({ hosts, folders, prelude }, request, response) {
  const [, kind, ...rest] = new URL(request.url, 'http://localhost').pathname.split('/')
  if (kind === 'fault') return fault(rest, request, response)
  if (kind === 'host' && hosts.has(rest[0])) return hosts.get(rest[0]).handle(rest.slice(1).join('/'), request, response)
  if (kind === 'redirect') return response.writeHead(302, { location: `/${rest.join('/')}` }).end()
  if (folders[kind]) {
    request.url = `/${rest.join('/')}`
    if (prelude && servePage(folders[kind], request, response, prelude)) return
    if (serveFile(folders[kind], request, response)) return
  }
  response.writeHead(404).end('not found')
}

/** A page with something at its start; false if the request is not for a page. */
function servePage(folder, request, response, prelude) {
  const path = join(folder, request.url.replace(/\/$/, '/index.html'))
  if (!path.endsWith('.html') || !existsSync(path)) return false
  const html = readFileSync(path, 'utf8').replace(/<!doctype html>/i, (doctype) => doctype + prelude)
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': Buffer.byteLength(html) }).end(html)
  return true
}

/** Applies to the weights, unless the kind names another file: `html@config.json`. */
function fault([kind, model, file], request, response) {
  const [name, target = 'model.safetensors'] = decodeURIComponent(kind).split('@')
  const path = join(FOLDERS.models, model, file)
  if (file !== target) {
    request.url = `/${model}/${file}`
    if (!serveFile(FOLDERS.models, request, response)) response.writeHead(404).end()
    return
  }
  if (!existsSync(path)) return response.writeHead(404).end()
  const bytes = readFileSync(path)
  if (TRANSPORT[name]) return TRANSPORT[name](bytes, response, request)
  const mutated = MUTATIONS[name](bytes)
  response.writeHead(200, { 'content-length': mutated.length }).end(mutated)
}
