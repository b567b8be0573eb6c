// Content security policies, as real headers on the page and on the worker: the one that the READMEs name is enough, and the error
// of whatever a stricter one blocks names the directive and what to add to it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { listen, serveFile } from '../../scripts/serve.mjs'
import { recordClip } from './clip.mjs'
import { open } from './harness.mjs'

const PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/pages/policy.js"></script>'
const FOLDERS = { dist: join(ROOT, 'pkg', 'dist'), pages: join(ROOT, 'tests', 'browser', 'pages') }

let browser
let site
let models
/** The policy of every answer of the site. */
let policy
before(async () => {
  browser = await open()
  site = await listen(
    (request, response) => {
      response.setHeader('content-security-policy', policy)
      const [, folder, ...rest] = new URL(request.url, 'http://site').pathname.split('/')
      if (folder === '') return response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE)
      request.url = `/${rest.join('/')}`
      if (!FOLDERS[folder] || !serveFile(FOLDERS[folder], request, response)) response.writeHead(404).end()
    },
    0,
    true,
  )
  // Models on a host of their own.
  models = await listen(
    (request, response) => {
      response.setHeader('access-control-allow-origin', '*')
      response.setHeader('access-control-expose-headers', 'content-range, etag')
      if (request.method === 'OPTIONS') return response.writeHead(204, { 'access-control-allow-headers': 'range' }).end()
      if (!serveFile(join(ROOT, 'tests', 'fixtures'), request, response)) response.writeHead(404).end()
    },
    0,
    true,
  )
})
after(() => Promise.all([browser?.close(), site?.close(), models?.close()]))

const address = (server) => `http://127.0.0.1:${server.address().port}`

/** Loads, and scores where asked to, under a policy in which HOST is the models' host. */
async function under(given, body) {
  policy = given.replaceAll('HOST', address(models))
  const page = await browser.context.newPage()
  page.setDefaultTimeout(60_000)
  try {
    await page.goto(`${address(site)}/`)
    await page.waitForFunction(() => window.ready)
    const start = performance.now()
    const result = await page.evaluate(
      ({ model, body }) =>
        outcome(async () => {
          const reranker = await secondpass.Reranker.load({ model, device: 'cpu', cache: 'memory' })
          const response = await reranker.rerank(body ?? { query: 'q', documents: ['a'] })
          reranker.dispose()
          return { scored: response.results.length, failed: response.meta.failed }
        }),
      { model: `${address(models)}/${body ? 'vl/vl-tied' : 'text/tiny-tied'}`, body },
    )
    return { ...result, ms: performance.now() - start }
  } finally {
    await page.close()
  }
}

/** The policy of a README, for this models' host. */
function documented(file) {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const found = /script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' https:\/\/[\w.-]+/.exec(text)?.[0]
  assert.ok(found, `${file} names no policy`)
  return found.replace(/https:\/\/[\w.-]+/, 'HOST')
}

for (const file of ['README.md', 'pkg/README.md', 'docs/guide/your-site.md']) {
  test(`the policy of ${file} is enough`, async () => {
    const { ok, error } = await under(`default-src 'none'; img-src data:; ${documented(file)}`)
    assert.equal(ok?.scored, 1, error?.message)
  })
}

const OPEN = "default-src 'none'; img-src data:; script-src 'self' 'wasm-unsafe-eval'"
const BLOCKED = {
  'the worker': [
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src https://other.example; connect-src 'self' HOST",
    'worker_failed',
    /add 'self' to its worker-src/,
  ],
  'the module': [`${OPEN}; worker-src 'self'; connect-src HOST`, 'worker_failed', /secondpass_cpu_bg\.wasm.*add 'self' to its connect-src/],
  WebAssembly: [
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self' HOST",
    'worker_failed',
    /add 'wasm-unsafe-eval' to its script-src/,
  ],
  'the model': [
    `${OPEN}; worker-src 'self'; connect-src 'self'`,
    'network',
    /does not allow http:\/\/127\.0\.0\.1:\d+\S*: add http:\/\/127\.0\.0\.1:\d+ to its connect-src/,
  ],
}
for (const [what, [given, code, message]] of Object.entries(BLOCKED)) {
  test(`where the policy blocks ${what} the error says so, at once`, async () => {
    const { error, ms } = await under(given)
    assert.equal(error?.code, code, error?.message)
    assert.match(error.message, message)
    assert.ok(ms < 10_000, `${ms} ms`)
  })
}

test('where the policy blocks a picture its document alone fails, and the error says so', async () => {
  const documents = ['a', { image: 'http://127.0.0.1:9/a.png' }]
  const { ok, error } = await under(`${OPEN}; worker-src 'self'; connect-src 'self' HOST`, { query: 'q', documents })
  assert.equal(error, undefined)
  assert.equal(ok.scored, 1)
  assert.match(ok.failed[0].message, /127\.0\.0\.1:9.*add http:\/\/127\.0\.0\.1:9 to its connect-src/)
})

test('where the policy blocks a server the error says so, and it is not asked again', async () => {
  policy = `${OPEN}; connect-src 'self'`
  const page = await browser.context.newPage()
  await page.goto(`${address(site)}/`)
  await page.waitForFunction(() => window.ready)
  const { error, ms } = await page.evaluate(async () => {
    const start = performance.now()
    const { error } = await outcome(() => secondpass.Reranker.remote({ url: 'http://127.0.0.1:9/v1/rerank' }).rerank({ query: 'q', documents: ['a'] }))
    return { error, ms: performance.now() - start }
  })
  assert.equal(error?.code, 'network')
  assert.match(error.message, /add http:\/\/127\.0\.0\.1:9 to its connect-src/)
  assert.ok(ms < 400, `${ms} ms: it was asked again`)
  await page.close()
})

test('frames of a file need media-src blob:, as the README says, and the error says so where it is missing', async () => {
  const readme = readFileSync(join(ROOT, 'pkg', 'README.md'), 'utf8')
  const needed = /`framesOf` needs `(media-src blob:)`/.exec(readme)?.[1]
  assert.ok(needed, 'the README names no media-src')
  const frames = async (given) => {
    policy = given
    const page = await browser.context.newPage()
    await page.goto(`${address(site)}/`)
    await page.waitForFunction(() => window.ready)
    const clip = await recordClip(page)
    const result = await page.evaluate(
      (clip) =>
        outcome(async () => {
          const { framesOf } = await import('/dist/video/index.js')
          let frames = 0
          for await (const { image } of framesOf(new Blob([Uint8Array.from(atob(clip), (letter) => letter.charCodeAt(0))]))) frames += Number(image.width > 0)
          return frames
        }),
      clip,
    )
    await page.close()
    return result
  }
  const { error } = await frames(`${OPEN}; connect-src 'self'`)
  assert.equal(error?.code, 'network', error?.message)
  assert.match(error.message, /add blob: to its media-src/)
  const { ok } = await frames(`${OPEN}; connect-src 'self'; ${needed}`)
  assert.ok(ok >= 3, `${ok} frames`)
})
