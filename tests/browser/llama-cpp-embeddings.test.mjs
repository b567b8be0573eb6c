// llama.cpp (as wllama, in the browser) loads the embedding models that `secondpass convert` writes where its graph is right,
// gives vectors of the same directions, and refuses the others.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { open } from './harness.mjs'
import { command, serveFolder, WLLAMA } from './llama-cpp.mjs'

const FIXTURES = join(ROOT, 'tests', 'fixtures', 'embedding')

/** How far a cosine may be from 1; 1.1e-6 was seen. Both engines use the same weights; llama.cpp rounds keys, values and GELU. */
const TOLERANCE = 1e-5

const READ = ['bert-mean', 'bert-cls', 'xlm-roberta-prompts', 'modernbert-cls', 'qwen3-last']
/** One keeps upper case, the other has a layer behind its pooling. */
const REFUSED = ['bert-plain', 'distilbert-dense']

/** Without prompts: llama.cpp does not know the model's own. */
const INPUT = ['Which planet is the Red Planet?', 'A caf\u00e9 in Z\u00fcrich, no\u00ebl', 'Mars', 'The page is about cooking; it has several words, and more.']

let browser, scratch
before(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secondpass-'))
  browser = await open()
})
after(async () => {
  rmSync(scratch, { recursive: true, force: true })
  await browser?.close()
})

/** A fixture's file and where it is served. */
function converted(name) {
  const made = spawnSync(command(), ['convert', join(FIXTURES, name), '--type', 'f16', '--out', scratch], { encoding: 'utf8' })
  assert.equal(made.status, 0, made.stderr)
  return `${serveFolder(browser, scratch)}${name}-F16.gguf`
}

const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)
const cosine = (a, b) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))

for (const name of READ) {
  test(`llama.cpp gives our vectors for a converted ${name}`, async () => {
    const page = await browser.page()
    const { theirs, ours } = await page.evaluate(compare, { wllama: serveFolder(browser, WLLAMA), model: converted(name), input: INPUT })
    await page.close()
    assert.equal(theirs.tokens, ours.tokens, 'both read as many tokens')
    const apart = ours.vectors.map((vector, i) => 1 - cosine(vector, theirs.vectors[i]))
    const spread = 1 - Math.min(...ours.vectors.slice(1).map((vector) => cosine(vector, ours.vectors[0])))
    console.log(`${name}: cosines over ${spread.toFixed(2)}, farthest from llama.cpp ${Math.max(...apart).toExponential(1)}`)
    assert.ok(Math.max(...apart) <= TOLERANCE && Math.max(...apart) < spread / 10, `${apart} of ${spread}`)
  })
}

for (const name of REFUSED) {
  test(`llama.cpp refuses a converted ${name}, which it would compute wrongly`, async () => {
    const page = await browser.page()
    const said = await page.evaluate(refuses, { wllama: serveFolder(browser, WLLAMA), model: converted(name) })
    await page.close()
    assert.match(said, /unknown model architecture: 'secondpass-/)
  })
}

/** Runs in the page: both engines on the same file. llama.cpp takes the pooling from it. */
async function compare({ wllama, model, input }) {
  const { Wllama } = await import(`${wllama}index.js`)
  const engine = new Wllama({ default: `${wllama}wasm/wllama.wasm` }, { suppressNativeLog: true })
  await engine.loadModel([await (await fetch(model)).blob()], { embeddings: true, n_threads: 1, n_ctx: 64, n_batch: 64, n_ubatch: 64, n_gpu_layers: 0 })
  const answer = async (embed) => {
    const { data, usage } = await embed({ input })
    return { vectors: data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding), tokens: usage.total_tokens }
  }
  const theirs = await answer((request) => engine.createEmbedding(request))
  await engine.exit()
  const embedder = await secondpass.Embedder.load({ model: new URL(model, location.href).href, device: 'cpu', prompts: {} })
  const ours = await answer((request) => embedder.embed(request))
  embedder.dispose()
  return { theirs, ours }
}

/** Runs in the page: what llama.cpp says when it is to load the file and embed with it. */
async function refuses({ wllama, model }) {
  const { Wllama } = await import(`${wllama}index.js`)
  const logged = []
  const logger = Object.fromEntries(['debug', 'log', 'warn', 'error'].map((level) => [level, (...words) => logged.push(words.join(' '))]))
  const engine = new Wllama({ default: `${wllama}wasm/wllama.wasm` }, { logger })
  try {
    await engine.loadModel([await (await fetch(model)).blob()], { embeddings: true, n_threads: 1, n_ctx: 64, n_batch: 64, n_ubatch: 64, n_gpu_layers: 0 })
    await engine.createEmbedding({ input: ['a'] })
    return 'it gave vectors'
  } catch (error) {
    return `${error} ${logged.join(' ')}`
  }
}
