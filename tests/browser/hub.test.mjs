// Models by their name on a hub: `hf:owner/name`. The hub here answers as Hugging Face's does: weights are a redirect to another
// origin, whose hash stands in a header, and only what was written down as a file list is asked for.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { listen, serveFile } from '../../scripts/serve.mjs'
import { open } from './harness.mjs'

const MODELS = join(ROOT, 'tests', 'fixtures', 'encoder')
const CORS = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'ETag, X-Linked-ETag, X-Linked-Size, Content-Range, Accept-Ranges' }

let browser
let cdn
let hub
/** What was asked of the hub: method and path. */
let asked
before(async () => {
  browser = await open()
  const allowed = (response) => Object.entries(CORS).forEach(([name, value]) => response.setHeader(name, value))
  cdn = await listen(
    (request, response) => {
      allowed(response)
      if (request.method === 'OPTIONS') return response.writeHead(204, { 'access-control-allow-headers': 'Range' }).end()
      return serveFile(MODELS, request, response) || response.writeHead(404).end()
    },
    0,
    true,
  )
  hub = await listen(
    (request, response) => {
      allowed(response)
      asked.push(request.url)
      const [, owner, name, resolve, revision, ...path] = new URL(request.url, 'http://hub').pathname.split('/')
      if (request.method === 'OPTIONS') return response.writeHead(204, { 'access-control-allow-headers': 'Range' }).end()
      if (owner !== 'tests' || resolve !== 'resolve' || !['main', 'v1'].includes(revision)) return response.writeHead(401).end('Invalid username or password.')
      const file = `/${name}/${path.join('/')}`
      if (file.endsWith('.safetensors')) {
        const location = `http://127.0.0.1:${cdn.address().port}${file}?signature=once`
        return response.writeHead(302, { location, 'x-linked-etag': '"0123"', 'x-linked-size': '1' }).end()
      }
      request.url = file
      return serveFile(MODELS, request, response) || response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end('Entry not found')
    },
    0,
    true,
  )
})
after(() => Promise.all([browser?.close(), cdn?.close(), hub?.close()]))

/** Loads and scores on a fresh page; the outcome, and what the hub was asked. */
async function run(model, options = {}) {
  asked = []
  const page = await browser.page()
  const result = await page.evaluate(
    ({ model, hub, options }) =>
      outcome(async () => {
        const reranker = await secondpass.Reranker.load({ model, hub, device: 'cpu', ...options })
        const { results } = await reranker.rerank({ query: 'a planet', documents: ['Mars'] })
        const { family, storage } = reranker.info
        reranker.dispose()
        return { family, storage, logit: results[0].logit, stored: (await secondpass.cache.list()).map(({ url }) => url) }
      }),
    { model, hub: `http://127.0.0.1:${hub.address().port}`, options },
  )
  await page.close()
  return result
}

test('a model with modules is loaded by its name, and only files that a rule names are asked for', async () => {
  const { ok, error } = await run('hf:tests/ettin')
  assert.equal(error, undefined)
  assert.equal(ok.family, 'modernbert')
  const files = new Set(asked.map((url) => url.replace('/tests/ettin/resolve/main/', '')))
  assert.ok(files.has('config.json') && files.has('2_Dense/model.safetensors') && files.has('4_Dense/config.json'), [...files].join())
  assert.ok(
    [...files].every((file) => /^[\w/.-]+\.(json|safetensors)$/.test(file)),
    'no listing',
  )
})

test('the second load asks the hub for nothing, and another revision is another model', async () => {
  const first = await run('hf:tests/bert')
  const again = await run('hf:tests/bert')
  assert.equal(again.ok.logit, first.ok.logit)
  assert.deepEqual(asked, [])
  const tagged = await run('hf:tests/bert@v1')
  assert.equal(tagged.ok.logit, first.ok.logit)
  assert.ok(asked.some((url) => url.includes('/resolve/v1/model.safetensors')))
  assert.ok(tagged.ok.stored.some((url) => url.includes('/resolve/v1/')) && tagged.ok.stored.some((url) => url.includes('/resolve/main/')))
})

test('the one call takes a hub too, and another hub is another model', async () => {
  const first = await run('hf:tests/bert')
  const page = await browser.page()
  const { logit, elsewhere } = await page.evaluate(
    async ({ hub }) => {
      const request = { model: 'hf:tests/bert', device: 'cpu', query: 'a planet', documents: ['Mars'] }
      const { results } = await secondpass.rerank({ ...request, hub })
      const elsewhere = await outcome(() => secondpass.rerank({ ...request, hub: `${hub}/nowhere` }))
      return { logit: results[0].logit, elsewhere }
    },
    { hub: `http://127.0.0.1:${hub.address().port}` },
  )
  await page.close()
  assert.equal(logit, first.ok.logit)
  assert.ok(elsewhere.error, 'the model of the first hub was taken for the other hub’s')
})

test('what is no address, and what the hub does not have, is explained', async () => {
  assert.match((await run('hf:bert')).error.message, /hf:owner\/name/)
  assert.equal((await run('hf:tests/none')).error.code, 'not_found')
  const { error } = await run('hf:nobody/bert')
  assert.match(error.message, /config\.json/)
})
