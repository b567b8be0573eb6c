// The built package in every engine as people use it: imported by a page without any tool, bundled by esbuild, and behind a service
// worker that answers `/v1/rerank`.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT, run } from '../../scripts/lib.mjs'
import { openEngine, waitFor } from './harness.mjs'

const EXAMPLE = join(ROOT, 'examples', 'plain-html')
const MODEL = /const MODEL = '[^']+'/
const OWN_MODEL = "const MODEL = '/fixtures/gguf/mixed.gguf'"
/** Scores are shown with three digits. */
const SHOWN = /\((\d\.\d{3})\)$/

let browser
let folder
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secondpass-package-'))
  plainPage(join(folder, 'plain'))
  bundledPage(join(folder, 'bundled'))
  browser = await openEngine({ folders: { plain: join(folder, 'plain'), bundled: join(folder, 'bundled') } })
})
after(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The example for pages without a build, beside the package as npm installs it. */
function plainPage(folder) {
  mkdirSync(folder)
  cpSync(join(EXAMPLE, 'index.html'), join(folder, 'index.html'))
  writeFileSync(join(folder, 'main.js'), readFileSync(join(EXAMPLE, 'main.js'), 'utf8').replace(MODEL, OWN_MODEL))
  cpSync(join(ROOT, 'pkg', 'dist'), join(folder, 'node_modules', 'secondpass', 'dist'), { recursive: true })
}

/** The same page through esbuild, which leaves worker and modules to be placed beside the script. */
function bundledPage(folder) {
  mkdirSync(folder)
  cpSync(join(EXAMPLE, 'index.html'), join(folder, 'index.html'))
  const source = join(folder, 'source.js')
  const main = readFileSync(join(EXAMPLE, 'main.js'), 'utf8').replace(MODEL, OWN_MODEL)
  writeFileSync(source, main.replace('./node_modules/secondpass/dist/index.js', join(ROOT, 'pkg', 'dist', 'index.js')))
  run(join(ROOT, 'node_modules', '.bin', 'esbuild'), [source, '--bundle', '--format=esm', '--log-level=warning', `--outfile=${join(folder, 'main.js')}`])
  for (const file of ['worker.js', 'wasm']) cpSync(join(ROOT, 'pkg', 'dist', file), join(folder, file), { recursive: true })
}

for (const kind of ['plain', 'bundled']) {
  test(`the example for a plain page reranks, ${kind}`, async () => {
    const page = await browser.page(`/${kind}/`)
    await waitFor(page, () => document.querySelector('li'))
    await page.evaluate(() => document.querySelector('form button').click())
    await waitFor(page, () => document.querySelector('[role=status]').textContent === 'Best first.')
    const lines = await page.evaluate(() => [...document.querySelectorAll('li')].map((line) => line.textContent))
    const scores = lines.map((line) => Number(SHOWN.exec(line)?.[1]))
    assert.equal(lines.length, 4)
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    )
    assert.ok(
      scores.every((score) => score > 0 && score < 1),
      lines.join(', '),
    )
    assert.deepEqual(await page.errors(), [])
    await page.close()
  })
}

test('a service worker answers the requests of other clients with the model of the page', async () => {
  const page = await browser.page()
  const { status, results, direct } = await page.evaluate(async () => {
    const { createRerankHandler } = await import('/dist/http/index.js')
    await navigator.serviceWorker.register('/engines/route-service-worker.js', { type: 'module', scope: '/engines/' })
    const frame = Object.assign(document.createElement('iframe'), { src: '/engines/client.html' })
    const registration = await navigator.serviceWorker.getRegistration('/engines/')
    while (!registration.active) await new Promise((done) => setTimeout(done, 20))
    const loaded = new Promise((done) => (frame.onload = done))
    document.body.append(frame)
    await loaded
    const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
    // The page of the client holds the model too: it is the one that the service worker controls.
    frame.contentWindow.serve(createRerankHandler(reranker))
    const body = { query: 'a', documents: ['b', 'c'] }
    const response = await frame.contentWindow.fetch('/engines/v1/rerank', { method: 'POST', body: JSON.stringify(body) })
    const { results } = await response.json()
    const direct = (await reranker.rerank(body)).results
    reranker.dispose()
    await registration.unregister()
    return { status: response.status, results, direct }
  })
  assert.equal(status, 200)
  assert.deepEqual(
    results.map(({ index, relevance_score }) => [index, relevance_score]),
    direct.map(({ index, relevance_score }) => [index, relevance_score]),
  )
  await page.close()
})
