// `npm run dev`: builds with the development profile, serves the demo, rebuilds what a change touches and reloads the page.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, watch } from 'node:fs'
import { join } from 'node:path'
import { DEMO } from './build.mjs'
import { fail, ROOT, step } from './lib.mjs'
import { listen, serveFile } from './serve.mjs'

/** What is watched, and the least that has to be built again. */
const WATCHED = {
  src: 'wasm',
  shaders: 'wasm',
  'Cargo.toml': 'wasm',
  'Cargo.lock': 'wasm',
  'pkg/src': 'package',
  'pkg/tsconfig.json': 'package',
  www: 'demo',
  docs: 'demo',
  'scripts/docs': 'demo',
}
/** From the smallest to the largest: each includes those before it. */
const BUILDS = {
  demo: 'await buildDemo()',
  package: 'await buildPackage(); await buildDemo()',
  wasm: 'await build({ profile: "dev", only: ["secondpass"] })',
}
const SIZES = Object.keys(BUILDS)
/** Editors write a file in several steps, and save several files at once. */
const SETTLE_MS = 100
const EDITORS_OWN = /(^|[\\/])(\.[^\\/]*|4913|[^\\/]*(~|\.swp|\.tmp))$/

const EVENTS_URL = '/dev/events'
const SCRIPT_URL = '/dev/reload.js'
const SCRIPT = `new EventSource('${EVENTS_URL}').addEventListener('rebuilt', () => location.reload())\n`
// Instead of the demo's own worker, which would answer from its copy. It removes one that another server left on this address;
// only then is there a copy to delete and a page to load again.
const SERVICE_WORKER = `self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(leave()))
async function leave() {
  await self.registration.unregister()
  const copies = (await caches.keys()).filter((name) => name.startsWith('secondpass-demo '))
  await Promise.all(copies.map((name) => caches.delete(name)))
  if (copies.length > 0) for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.navigate(client.url)
}
`

if (process.argv.includes('--help')) {
  console.log(
    'npm run dev\n\nBuilds the demo with the development profile, serves it on 127.0.0.1, and rebuilds and reloads it on every change.\n\n  PORT=8138   the port; without it, the first free one from 8138 on',
  )
  process.exit(0)
}

const pages = new Set()
let rebuilding = Promise.resolve()
let wanted = null
let timer

const port = Number(process.env.PORT ?? 8138)
if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`PORT is "${process.env.PORT}"; give a number from 0 to 65535.`)
if (!(await rebuild('wasm'))) console.log('  The page is served as soon as a change makes the build pass.')
const server = await listen(serve, port, process.env.PORT !== undefined).catch((error) =>
  fail(`Port ${port} cannot be used (${error.code}); choose another: PORT=8200 npm run dev`),
)
for (const [path, size] of Object.entries(WATCHED)) {
  if (existsSync(join(ROOT, path))) watch(join(ROOT, path), { recursive: true }, (_, name) => changed(join(path, name ?? ''), size))
}
console.log(`\nThe demo is at http://127.0.0.1:${server.address().port}/   (stop with Ctrl+C)`)

function changed(path, size) {
  if (EDITORS_OWN.test(path)) return
  if (wanted === null || SIZES.indexOf(size) > SIZES.indexOf(wanted)) wanted = size
  clearTimeout(timer)
  timer = setTimeout(() => {
    rebuilding = rebuilding.then(rebuildWanted)
  }, SETTLE_MS)
}

async function rebuildWanted() {
  const size = wanted
  wanted = null
  if (size === null || !(await rebuild(size))) return
  for (const page of pages) page.write('event: rebuilt\ndata:\n\n')
}

/** In a process of its own: a build that fails ends its process, and this one goes on serving meanwhile. */
function rebuild(size) {
  const start = Date.now()
  const code = `import { build, buildDemo, buildPackage } from './scripts/build.mjs'; ${BUILDS[size]}`
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('close', (status) => {
      step(`${status === 0 ? 'Rebuilt' : 'Not rebuilt'} (${size}) in ${((Date.now() - start) / 1000).toFixed(1)} s`)
      resolve(status === 0)
    })
  })
}

async function serve(request, response) {
  const path = new URL(request.url, 'http://localhost').pathname
  if (path === EVENTS_URL) return subscribe(request, response)
  if (path === SCRIPT_URL) return send(response, 'text/javascript', SCRIPT)
  if (path === '/sw.js') return send(response, 'text/javascript', SERVICE_WORKER)
  if (sendPage(path, response) || serveFile(DEMO, request, response)) return
  // Perhaps it is being written.
  await rebuilding
  if (sendPage(path, response) || serveFile(DEMO, request, response)) return
  response.writeHead(404).end('not found')
}

function subscribe(request, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.write(':\n\n')
  pages.add(response)
  request.on('close', () => pages.delete(response))
}

/** The page, with the script that reloads it; false for every other path. */
function sendPage(path, response) {
  const file = join(DEMO, 'index.html')
  if (!['/', '/index.html'].includes(path) || !existsSync(file)) return false
  send(response, 'text/html; charset=utf-8', readFileSync(file, 'utf8').replace('</head>', `<script src="${SCRIPT_URL}"></script></head>`))
  return true
}

const send = (response, type, body) => response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
