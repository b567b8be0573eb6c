// Service worker: stores the page, the package, the gallery and the demo's model, so that everything works offline after one visit.
importScripts('precache.js')

const worker = /** @type {ServiceWorkerScope} */ (/** @type {unknown} */ (self))
const { scope } = worker.registration
const CACHE = `secondpass-demo ${scope}`
/** @param {string} path */
const urlOf = (path) => new URL(path, scope).href
/** A file's key contains its hash: an old and a new version coexist until the old page is closed. @param {PrecacheEntry} entry */
const cacheKey = ([path, hash]) => `${urlOf(path)}?content=${hash}`
const entries = new Map(worker.PRECACHE.map((entry) => [urlOf(entry[0]), entry]))

worker.addEventListener('install', (event) => event.waitUntil(install()))
worker.addEventListener('activate', (event) => event.waitUntil(activate()))
worker.addEventListener('message', ({ data }) => {
  if (data === 'skip waiting') worker.skipWaiting()
})
worker.addEventListener('fetch', (event) => {
  const { request } = event
  const entry = request.method === 'GET' ? entryOf(request) : undefined
  if (entry) event.respondWith(answer(request, entry))
})

async function install() {
  const cache = await caches.open(CACHE)
  await Promise.all(
    worker.PRECACHE.map(async (entry) => {
      if (await cache.match(cacheKey(entry))) return
      const response = await fetch(urlOf(entry[0]), { cache: 'no-cache' })
      if (!response.ok) throw new Error(`${entry[0]} gave HTTP ${response.status}`)
      await cache.put(cacheKey(entry), withoutRedirect(response))
    }),
  )
}

/** Some hosts redirect `index.html` to `/`. Browsers refuse to open a page from a redirected response, so it is copied. @param {Response} response */
function withoutRedirect(response) {
  return response.redirected ? new Response(response.body, { headers: { 'content-type': response.headers.get('content-type') ?? '' } }) : response
}

async function activate() {
  const cache = await caches.open(CACHE)
  const current = new Set(worker.PRECACHE.map(cacheKey))
  for (const request of await cache.keys()) if (!current.has(request.url)) await cache.delete(request)
  await worker.clients.claim()
}

/** @param {Request} request */
function entryOf(request) {
  const url = new URL(request.url)
  const path = url.origin + url.pathname
  return entries.get(path.endsWith('/') ? `${path}index.html` : path)
}

/** @param {Request} request @param {PrecacheEntry} entry */
async function answer(request, entry) {
  const cached = await (await caches.open(CACHE)).match(cacheKey(entry))
  if (!cached) return fetch(request)
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '')
  return range ? slice(cached, Number(range[1]), range[2] ? Number(range[2]) : Infinity) : cached
}

/**
 * Answers a range request, which the Cache API does not do by itself: the package reads weights by ranges.
 *
 * @param {Response} response
 * @param {number} start
 * @param {number} requestedEnd  inclusive
 */
async function slice(response, start, requestedEnd) {
  const blob = await response.blob()
  const end = Math.min(requestedEnd, blob.size - 1)
  if (start > end) return new Response(null, { status: 416, headers: { 'content-range': `bytes */${blob.size}` } })
  return new Response(blob.slice(start, end + 1), {
    status: 206,
    headers: {
      'content-range': `bytes ${start}-${end}/${blob.size}`,
      'content-length': String(end - start + 1),
      'content-type': blob.type || 'application/octet-stream',
    },
  })
}
