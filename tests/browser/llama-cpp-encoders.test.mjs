// llama.cpp (as wllama, in the browser) loads the encoders that `secondpass convert` writes where its graph is right, gives the
// same scores, and refuses the others.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { open } from './harness.mjs'
import { command, serveFolder, WLLAMA } from './llama-cpp.mjs'

const FIXTURES = join(ROOT, 'tests', 'fixtures', 'encoder')

/** Both engines use the same weights. llama.cpp takes the tanh form of GELU from a table in half precision, and rounds keys and values. */
const TOLERANCE = 2e-2

/** A ModernBERT without biases that pools by the mean; the fixture's own pooling is known to llama.cpp since release b11273 only. */
const MODELS = {
  'xlm-roberta': { fixture: 'xlm-roberta' },
  'jina-v2': { fixture: 'jina-v2' },
  roberta: { fixture: 'roberta' },
  'modernbert-of-means': { fixture: 'modernbert-cls', config: { classifier_pooling: 'mean' } },
}
const REFUSED = ['bert', 'ettin', 'jina-v1']

/** Plain words: llama.cpp does not apply the flags of added tokens, nor NFC. */
const REQUESTS = [
  { query: 'Which planet is red?', documents: ['Mars is the red planet.', 'Venus is hot and bright.', 'A page about cooking.'] },
  { query: 'how to cut a text', documents: ['Cut the longer side first.', 'The red planet is cold.'] },
  { query: 'a', documents: ['b', 'An answer of several words, with a comma; and more.'] },
]

let browser, scratch
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secondpass-'))
  browser = await open()
})
after(async () => {
  rmSync(scratch, { recursive: true, force: true })
  await browser?.close()
})

/** A copy of a fixture with another configuration, converted. Returns the file's name in `scratch`. */
function convert(name, { fixture = name, config = {} } = {}) {
  const model = join(scratch, name)
  cpSync(join(FIXTURES, fixture), model, { recursive: true })
  const path = join(model, 'config.json')
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...config }))
  const made = spawnSync(command(), ['convert', model, '--type', 'f16', '--out', scratch], { encoding: 'utf8' })
  assert.equal(made.status, 0, made.stderr)
  return `${name}-F16.gguf`
}

for (const [name, how] of Object.entries(MODELS)) {
  test(`llama.cpp gives our scores for a converted ${name}`, async () => {
    const model = `${serveFolder(browser, scratch)}${convert(name, how)}`
    const page = await browser.page()
    const { theirs, ours } = await page.evaluate(compare, { wllama: serveFolder(browser, WLLAMA), model, requests: REQUESTS })
    await page.close()
    assert.deepEqual(
      theirs.map(({ tokens }) => tokens),
      ours.map(({ tokens }) => tokens),
      'both read as many tokens',
    )
    const logits = (side) => side.flatMap(({ logits }) => logits)
    const largest = Math.max(...logits(ours).map((logit, i) => Math.abs(logit - logits(theirs)[i])))
    const spread = Math.max(...logits(ours)) - Math.min(...logits(ours))
    console.log(`${name}: ${logits(ours).length} logits over ${spread.toFixed(2)}, largest difference from llama.cpp ${largest.toExponential(1)}`)
    assert.ok(largest <= TOLERANCE && largest < spread / 10, `${largest} of ${spread}`)
  })
}

for (const name of REFUSED) {
  test(`llama.cpp refuses a converted ${name}, which it would compute wrongly`, async () => {
    const model = `${serveFolder(browser, scratch)}${convert(name)}`
    const page = await browser.page()
    const said = await page.evaluate(refuses, { wllama: serveFolder(browser, WLLAMA), model })
    await page.close()
    assert.match(said, /unknown model architecture: 'secondpass-/)
  })
}

/** Runs in the page: both engines on the same file. */
async function compare({ wllama, model, requests }) {
  const sorted = (results) => results.toSorted((a, b) => a.index - b.index)
  const { Wllama } = await import(`${wllama}index.js`)
  const engine = new Wllama({ default: `${wllama}wasm/wllama.wasm` }, { suppressNativeLog: true })
  const options = { embeddings: true, pooling_type: 'rank', n_threads: 1, n_ctx: 64, n_batch: 64, n_ubatch: 64, n_gpu_layers: 0 }
  await engine.loadModel([await (await fetch(model)).blob()], options)
  const theirs = []
  for (const request of requests) {
    const { results, usage } = await engine.createRerank(request)
    theirs.push({ logits: sorted(results).map(({ relevance_score }) => relevance_score), tokens: usage.total_tokens })
  }
  await engine.exit()
  const reranker = await secondpass.Reranker.load({ model: new URL(model, location.href).href, device: 'cpu' })
  const ours = []
  for (const request of requests) {
    const { results, usage } = await reranker.rerank(request)
    ours.push({ logits: sorted(results).map(({ logit }) => logit), tokens: usage.total_tokens })
  }
  reranker.dispose()
  return { theirs, ours }
}

/** Runs in the page: what llama.cpp says when it is to load the file and rank with it. */
async function refuses({ wllama, model }) {
  const { Wllama } = await import(`${wllama}index.js`)
  const logged = []
  const logger = Object.fromEntries(['debug', 'log', 'warn', 'error'].map((level) => [level, (...words) => logged.push(words.join(' '))]))
  const engine = new Wllama({ default: `${wllama}wasm/wllama.wasm` }, { logger })
  const blob = await (await fetch(model)).blob()
  const options = { embeddings: true, pooling_type: 'rank', n_threads: 1, n_ctx: 64, n_batch: 64, n_ubatch: 64, n_gpu_layers: 0 }
  try {
    await engine.loadModel([blob], options)
    await engine.createRerank({ query: 'a', documents: ['b'] })
    return 'it gave scores'
  } catch (error) {
    return `${error} ${logged.join(' ')}`
  }
}
