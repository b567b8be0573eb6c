// The real engine for tests of adapters: a page in Chromium with the built package and the peers that a test bundles into it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../../scripts/lib.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))

/** Entries that import their peers by name, and so have to be bundled with them. */
const WITH_PEERS = { langchain: 'sdk/langchain', react: 'ui/react', vue: 'ui/vue', svelte: 'ui/svelte' }

/** A script of tests/package/pages with its peers bundled. The package itself is not: the page loads it from the server. */
export function bundle(name, more = []) {
  const aliases = [
    '--alias:secondpass=/dist/index.js',
    '--alias:secondpass/ai-sdk=/dist/sdk/ai-sdk.js',
    '--alias:secondpass/tanstack-ai=/dist/sdk/tanstack-ai.js',
    '--alias:secondpass/testing=/dist/testing/index.js',
    '--alias:secondpass/http=/dist/http/index.js',
    '--alias:secondpass/search=/dist/search/index.js',
    ...Object.entries(WITH_PEERS).map(([entry, file]) => `--alias:secondpass/${entry}=${bundleable(file)}`),
  ]
  const args = [
    join(HERE, 'pages', name),
    '--bundle',
    '--format=esm',
    '--platform=browser',
    '--target=es2022',
    '--jsx=automatic',
    '--define:process.env.NODE_ENV="development"',
    '--log-level=error',
    '--external:/dist/*',
    ...aliases,
    ...more,
  ]
  const result = spawnSync(join(ROOT, 'node_modules', '.bin', 'esbuild'), args, { encoding: 'utf8', maxBuffer: 1 << 28, cwd: ROOT })
  if (result.status !== 0) throw new Error(`esbuild: ${result.stderr}`)
  return result.stdout
}

/** A copy of an entry that imports the main one from the server, so that it is not bundled: it would look for its worker beside the page. */
function bundleable(file) {
  const copy = join(ROOT, 'target', 'entries', `${file.replace('/', '-')}.js`)
  mkdirSync(dirname(copy), { recursive: true })
  writeFileSync(copy, readFileSync(join(ROOT, 'pkg', 'dist', `${file}.js`), 'utf8').replaceAll('"../index.js"', '"/dist/index.js"'))
  return copy
}

/** A module of pkg/src that needs no browser, by its path there without `.ts`. */
export function source(name) {
  const args = [join(ROOT, 'pkg', 'src', `${name}.ts`), '--bundle', '--format=esm', '--log-level=error']
  const result = spawnSync(join(ROOT, 'node_modules', '.bin', 'esbuild'), args, { encoding: 'utf8', cwd: ROOT })
  if (result.status !== 0) throw new Error(`esbuild: ${result.stderr}`)
  return import(`data:text/javascript;base64,${Buffer.from(result.stdout).toString('base64')}`)
}

/** Runs a script of tests/package/pages in a page; it sets `window.bundled` when it is done. */
export async function withBundle(page, name, more) {
  await page.addScriptTag({ type: 'module', content: bundle(name, more) })
  await page.waitForFunction('window.bundled')
  return page
}

/** A loopback server from a handler of `Request` and `Response`. */
export async function serve(handler) {
  const server = createServer(async (incoming, outgoing) => {
    const controller = new AbortController()
    outgoing.on('close', () => outgoing.writableEnded || controller.abort())
    const chunks = []
    for await (const chunk of incoming) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const url = `http://${incoming.headers.host}${incoming.url}`
    const response = await handler(
      new Request(url, { method: incoming.method, headers: incoming.headers, signal: controller.signal, ...(body.length > 0 && { body }) }),
    )
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(Buffer.from(await response.arrayBuffer()))
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(done)
      }),
  }
}

/** A server of another origin: the answers of `own`, and otherwise the files of the browser tests' server. */
export function beside(url, own) {
  return serve(async (request) => {
    const { pathname } = new URL(request.url)
    const answer = await own(pathname)
    if (answer) return answer
    const range = request.headers.get('range')
    const passed = await fetch(url + pathname, { method: request.method, headers: range ? { range } : {} })
    const headers = [...passed.headers].filter(([name]) => name !== 'content-length')
    return new Response(request.method === 'HEAD' ? null : await passed.arrayBuffer(), { status: passed.status, headers })
  })
}

/** The engine of a page as a reranker in Node; requests are passed as JSON. */
export async function bridged(page, model = '/models/tiny-tied') {
  await page.evaluate(async (model) => {
    window.reranker = await secondpass.Reranker.load({ model, device: 'cpu' })
  }, model)
  return {
    rerank: async (request) => {
      const { ok, error } = await page.evaluate((request) => outcome(() => window.reranker.rerank(request)), request)
      if (error) throw Object.assign(new Error(error.message), error)
      return ok
    },
  }
}

/** A reranker without a model: `score` computes the score of a text. `asked` records the requests. */
export function scoredBy(score) {
  const asked = []
  return {
    asked,
    async rerank(request, { signal, onResult } = {}) {
      signal?.throwIfAborted()
      asked.push(request)
      const results = request.documents.map((document, index) => ({
        index,
        relevance_score: score(typeof document === 'string' ? document : (document.text ?? ''), index),
      }))
      for (const result of results) onResult?.({ ...result })
      results.sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
      if (request.top_n) results.length = Math.min(results.length, request.top_n)
      if (request.return_documents) for (const result of results) result.document = asObject(request.documents[result.index])
      const timings = { tokenize_ms: 0, vision_ms: 0, compute_ms: 0, total_ms: 0 }
      return {
        id: 'rerank-1',
        model: 'test',
        results,
        usage: { prompt_tokens: 7, total_tokens: 7 },
        meta: { device: 'cpu', cached_tokens: 0, timings, warnings: [] },
      }
    },
  }
}

const asObject = (document) => (typeof document === 'string' ? { text: document } : document)
