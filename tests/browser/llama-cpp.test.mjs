// llama.cpp (as wllama, in the browser) loads the files that `secondpass convert` writes and gives the same scores.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { cases, open } from './harness.mjs'
import { command, serveFolder, WLLAMA } from './llama-cpp.mjs'

const MODEL = 'tiny-tied'
/** Both engines use the same weights; llama.cpp also rounds activations, keys and values. */
const TOLERANCE = { f16: 2e-3, q8_0: 2e-2 }

/** Cases that llama.cpp tokenizes like us: its template has a fixed instruction, it parses control tokens in user text, and it
 * does not apply NFC. */
const comparable = () =>
  cases(MODEL).filter(({ request }) => {
    const texts = [request.query, ...request.documents]
    return !request.instruction && texts.every((text) => typeof text === 'string' && text !== '' && !text.includes('<|') && text === text.normalize('NFC'))
  })

let browser, converted
before(async () => {
  converted = mkdtempSync(join(tmpdir(), 'secondpass-'))
  browser = await open()
})
after(async () => {
  rmSync(converted, { recursive: true, force: true })
  await browser?.close()
})

for (const [type, tolerance] of Object.entries(TOLERANCE)) {
  test(`llama.cpp gives our scores for a converted ${type} file`, async () => {
    const made = spawnSync(command(), ['convert', join(ROOT, 'tests', 'fixtures', 'text', MODEL), '--type', type, '--out', converted], { encoding: 'utf8' })
    assert.equal(made.status, 0, made.stderr)
    const model = `${serveFolder(browser, converted)}${MODEL}-${type.toUpperCase()}.gguf`
    const requests = comparable().map(({ request: { query, documents } }) => ({ query, documents }))
    assert.ok(requests.length >= 4, 'cases to compare')
    const page = await browser.page()
    const { theirs, ours } = await page.evaluate(compare, { wllama: serveFolder(browser, WLLAMA), model, requests })
    await page.close()
    let largest = 0
    ours.forEach((scores, i) =>
      scores.forEach((score, j) => {
        largest = Math.max(largest, Math.abs(score - theirs[i].scores[j]))
      }),
    )
    console.log(`${type}: ${ours.flat().length} scores, largest difference from llama.cpp ${largest.toExponential(1)}`)
    assert.deepEqual(
      theirs.map(({ tokens }) => tokens),
      comparable().map(({ ids }) => ids.reduce((sum, each) => sum + each.length, 0)),
    )
    assert.ok(largest <= tolerance, `${largest}`)
  })
}

/** Runs in the page: both engines on the same file. */
async function compare({ wllama, model, requests }) {
  const byIndex = (results) => results.toSorted((a, b) => a.index - b.index).map(({ relevance_score }) => relevance_score)
  const { Wllama } = await import(`${wllama}index.js`)
  const engine = new Wllama({ default: `${wllama}wasm/wllama.wasm` }, { suppressNativeLog: true })
  await engine.loadModel([await (await fetch(model)).blob()], {
    embeddings: true,
    pooling_type: 'rank',
    n_threads: 1,
    n_ctx: 1024,
    n_batch: 1024,
    n_ubatch: 1024,
    n_gpu_layers: 0,
  })
  const theirs = []
  for (const request of requests) {
    const { results, usage } = await engine.createRerank(request)
    theirs.push({ scores: byIndex(results), tokens: usage.total_tokens })
  }
  await engine.exit()
  const reranker = await secondpass.Reranker.load({ model: new URL(model, location.href).href, device: 'cpu' })
  const ours = []
  for (const request of requests) ours.push(byIndex((await reranker.rerank(request)).results))
  reranker.dispose()
  return { theirs, ours }
}
