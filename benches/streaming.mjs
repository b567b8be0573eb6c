// A model that stays in memory beside the same one read again layer by layer: time of a request, and memory of the page, its
// modules and the GPU process.
//   node benches/streaming.mjs [--shape 0.6b|2b|8b] [--memory resident,streamed] [--documents N] [--tokens N]
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { memoryOf } from '../scripts/memory.mjs'
import { openPage } from './lib/browser.mjs'
import { describe } from './lib/machine.mjs'
import { CACHE, startServer } from './lib/server.mjs'
import { makeGguf } from './make-gguf.mjs'

const { values } = parseArgs({
  options: {
    shape: { type: 'string', default: '0.6b' },
    type: { type: 'string', default: 'q4_0' },
    memory: { type: 'string', default: 'resident,streamed' },
    documents: { type: 'string', default: '16' },
    tokens: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    device: { type: 'string', default: 'cpu' },
    gpu: { type: 'boolean', default: false },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  console.log(`node benches/streaming.mjs [--shape 0.6b|2b|8b] [--type q4_0|q8_0] [--memory resident,streamed,BYTES]
    [--documents N] [--tokens N] [--rounds N] [--workers N] [--device cpu|webgpu] [--gpu] [--out FILE]

Makes a GGUF file of that shape with random weights (once; 8b has 4.7 GB), hands it to the page as a picked file, and answers
one request of so many documents in each mode, in turns. The logits of all modes are compared.`)
  process.exit(0)
}

const name = `random-${values.shape}-${values.type}.gguf`
const file = join(CACHE, 'models', 'shapes', name)
if (!existsSync(file)) makeGguf({ shape: values.shape, type: values.type, out: file })
const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`
const modes = values.memory.split(',').map((mode) => (/^\d+$/.test(mode) ? Number(mode) : mode))
const server = await startServer()
const about = await describe(server.url, { gpu: values.gpu })
const runs = []
console.log(`${name}, ${mb(statSync(file).size)}; ${values.documents} documents of about ${values.tokens} tokens; ${values.device}, workers: ${values.workers}`)
for (let round = 0; round < Number(values.rounds); round++) {
  for (const memory of round % 2 ? modes.toReversed() : modes) runs.push(await run(memory, round))
}
await server.close()
const [first, ...others] = runs
const difference = Math.max(0, ...others.flatMap(({ logits }) => logits.map((logit, i) => Math.abs(logit - first.logits[i]))))
console.log(`largest difference of logits: ${difference.toExponential(1)}`)
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
const times = modes.map((mode) => median(runs.filter(({ memory }) => memory === mode).map(({ request_ms }) => request_ms)))
if (times.length === 2) console.log(`${modes[1]} takes ${(times[1] / times[0]).toFixed(2)} times as long as ${modes[0]}`)
if (values.out) {
  mkdirSync(join(values.out, '..'), { recursive: true })
  const options = {
    model: name,
    bytes: statSync(file).size,
    documents: Number(values.documents),
    tokens: Number(values.tokens),
    device: values.device,
    workers: Number(values.workers),
  }
  writeFileSync(values.out, `${JSON.stringify({ ...about, options, difference, runs: runs.map(({ logits, ...run }) => run) }, null, 2)}\n`)
}

async function run(memory, round) {
  const { browser, page } = await openPage(server.url, { gpu: values.gpu, timeout: 7_200_000 })
  try {
    const blank = await memoryOf(browser)
    await page.evaluate(() => document.body.insertAdjacentHTML('beforeend', '<input type="file" id="picked">'))
    await page.setInputFiles('#picked', file)
    const seen = await page.evaluate(
      async ({ device, memory, workers, documents, tokens }) => {
        const { Reranker } = await import('/engines/ours/index.js')
        const start = performance.now()
        const [model] = document.querySelector('#picked').files
        const reranker = await Reranker.load({ model, device, memory, workers })
        const loaded = performance.now() - start
        const words = ['page', 'read', 'question', 'planet', 'ring', 'order', 'search', 'result', 'capital', 'large']
        const text = (seed) => Array.from({ length: tokens }, (_, i) => words[(seed * 7 + i * (seed + 3)) % words.length]).join(' ')
        const request = { query: 'Which page is about the capital?', documents: Array.from({ length: documents }, (_, i) => text(i + 1)) }
        const begun = performance.now()
        let first
        const onResult = () => {
          first ??= performance.now() - begun
        }
        const { results, usage, meta } = await reranker.rerank(request, { onResult })
        const took = performance.now() - begun
        const { info } = reranker
        reranker.dispose()
        return {
          load_ms: loaded,
          first_ms: first,
          request_ms: took,
          computed_tokens: usage.prompt_tokens - meta.cached_tokens,
          resident_bytes: info.resident_bytes,
          wasm_bytes: info.wasm_bytes,
          mode: info.memory,
          logits: results.toSorted((a, b) => a.index - b.index).map(({ logit }) => logit),
        }
      },
      { device: values.device, memory, workers: Number(values.workers), documents: Number(values.documents), tokens: Number(values.tokens) },
    )
    const taken = await memoryOf(browser)
    const result = { memory, round, ...seen, page_bytes: taken?.page.peak, blank_page_bytes: blank?.page.peak, gpu_bytes: taken?.gpu.peak }
    console.log(`${memory}: loaded in ${seconds(seen.load_ms)}, first score after ${seconds(seen.first_ms)}, all ${seen.computed_tokens} tokens in ${seconds(seen.request_ms)}
  ${mb(seen.resident_bytes)} of weights stay; wasm ${mb(seen.wasm_bytes)}; page process ${mb(result.page_bytes ?? 0)} at most (${mb(result.blank_page_bytes ?? 0)} before); GPU process ${mb(result.gpu_bytes ?? 0)} at most`)
    return result
  } finally {
    await browser.close()
  }
}
