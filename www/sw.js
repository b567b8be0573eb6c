// Keeps the page, the package, the gallery and the demo's model, so that everything works without a network after one visit.
importScripts('precache.js')

const CACHE = `secondpass-demo ${self.registration.scope}`
const address = (path) => new URL(path, self.registration.scope).href
/** A file's key holds the hash of its content: old and new versions live side by side until the old page is gone. */
const key = ([path, hash]) => `${address(path)}?content=${hash}`
const files = new Map(self.PRECACHE.map((file) => [address(file[0]), file]))

self.addEventListener('install', (event) => event.waitUntil(install()))
self.addEventListener('activate', (event) => event.waitUntil(activate()))
self.addEventListener('message', ({ data }) => data === 'take over' && self.skipWaiting())
self.addEventListener('fetch', (event) => {
  const { request } = event
  const file = request.method === 'GET' && fileOf(request)
  if (file) event.respondWith(answer(request, file))
})

async function install() {
  const cache = await caches.open(CACHE)
  await Promise.all(self.PRECACHE.map(async (file) => {
    if (await cache.match(key(file))) return
    const response = await fetch(address(file[0]), { cache: 'no-cache' })
    if (!response.ok) throw new Error(`${file[0]} gave HTTP ${response.status}`)
    await cache.put(key(file), plain(response))
  }))
}

/** Some hosts send `index.html` to `/`. A browser refuses to open a page with an answer that was redirected, so a copy is kept. */
function plain(response) {
  return response.redirected ? new Response(response.body, { headers: { 'content-type': response.headers.get('content-type') ?? '' } }) : response
}

async function activate() {
  const cache = await caches.open(CACHE)
  const wanted = new Set(self.PRECACHE.map(key))
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request)
  await self.clients.claim()
}

function fileOf(request) {
  const url = new URL(request.url)
  const path = url.origin + url.pathname
  return files.get(path) ?? (path === self.registration.scope ? files.get(address('index.html')) : undefined)
}

async function answer(request, file) {
  const cached = await (await caches.open(CACHE)).match(key(file))
  if (!cached) return fetch(request)
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '')
  return range ? part(cached, Number(range[1]), range[2] === '' ? Infinity : Number(range[2])) : cached
}

/** The library reads weights by ranges, which a cache does not answer by itself. */
async function part(response, start, wishedEnd) {
  const blob = await response.blob()
  const end = Math.min(wishedEnd, blob.size - 1)
  if (start > end) return new Response(null, { status: 416, headers: { 'content-range': `bytes */${blob.size}` } })
  return new Response(blob.slice(start, end + 1), {
    status: 206,
    headers: { 'content-range': `bytes ${start}-${end}/${blob.size}`, 'content-length': String(end - start + 1), 'content-type': blob.type || 'application/octet-stream' },
  })
}
