// Models of which layers are read again for each request: the same scores as when all stay in memory, from every storage.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { Host } from '../server/faulty.mjs'
import { open } from './harness.mjs'
import { QUICK, MODEL as SMALL, WEIGHTS } from './storage.mjs'

const MODEL = '/models/tiny-tied'
/** On a GPU the same kernels run over other numbers of rows. */
const GPU_TOLERANCE = 1e-5
/** Which documents are computed together depends on times, and in which order a product's sums are taken on how many there are. */
const ALONE = { packing: false }
const REQUEST = {
  query: 'which page is about a planet?',
  documents: Array.from({ length: 40 }, (_, i) => `Page ${i} is read together with the question. `.repeat(1 + (i % 6))),
}

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Loads a model with each of these options, and answers a request twice: `{ info, logits }` for each. */
async function answers(list, { model = MODEL, request = REQUEST } = {}) {
  const page = await browser.page()
  try {
    const { ok, error } = await page.evaluate(
      ({ list, model, request }) =>
        outcome(async () => {
          const answers = []
          for (const options of list) {
            const reranker = await secondpass.Reranker.load({ model, device: 'cpu', ...options })
            const logits = []
            for (let time = 0; time < 2; time++) {
              const { results } = await reranker.rerank(request)
              logits.push(results.sort((a, b) => a.index - b.index).map(({ logit }) => logit))
            }
            answers.push({ info: reranker.info, logits })
            reranker.dispose()
          }
          return answers
        }),
      { list: list.map((options) => ({ download: QUICK, savings: ALONE, ...options })), model, request },
    )
    assert.equal(error, undefined)
    return ok
  } finally {
    await page.close()
  }
}

test('on the CPU the scores are the same to the bit, from every storage and with several workers', async () => {
  const streamed = [{ cache: 'opfs' }, { cache: 'cache-api' }, { cache: 'memory' }, { workers: 2 }].map((options) => ({ memory: 'streamed', ...options }))
  const [resident, ...others] = await answers([{}, ...streamed, { memory: 300_000 }])
  assert.equal(resident.info.memory, 'resident')
  for (const { info, logits } of others) {
    assert.equal(info.memory, 'streamed')
    assert.ok(info.resident_bytes < resident.info.resident_bytes, `${info.resident_bytes} bytes stay`)
    assert.deepEqual(logits, resident.logits, info.storage)
  }
  assert.deepEqual(
    others.map(({ info }) => info.storage),
    ['opfs', 'cache-api', 'memory', 'opfs', 'opfs'],
  )
})

test('on WebGPU the scores are the same', async () => {
  const request = { ...REQUEST, documents: REQUEST.documents.slice(0, 4) }
  const [resident, streamed] = await answers([{ device: 'webgpu' }, { device: 'webgpu', memory: 'streamed' }], { request })
  assert.deepEqual([resident.info.memory, streamed.info.memory, streamed.info.device], ['resident', 'streamed', 'webgpu'])
  streamed.logits.flat().forEach((logit, i) => {
    const want = resident.logits.flat()[i]
    assert.ok(Math.abs(logit - want) <= GPU_TOLERANCE, `${logit} is not ${want}`)
  })
})

test('an embedder that joins a streamed model leaves it what it reads, also in memory', async () => {
  const page = await browser.page()
  const { ok, error } = await page.evaluate(
    ({ model, request }) =>
      outcome(async () => {
        const options = { model, device: 'cpu', memory: 'streamed', cache: 'memory', workers: 1, savings: { packing: false } }
        const reranker = await secondpass.Reranker.load(options)
        const before = (await reranker.rerank(request)).results
        const embedder = await secondpass.Embedder.load(options)
        const { data } = await embedder.embed({ input: ['a planet', 'a page'] })
        const after = (await reranker.rerank(request)).results
        const infos = [reranker.info.memory, embedder.info.memory]
        reranker.dispose()
        const again = await embedder.embed({ input: ['a planet', 'a page'] })
        embedder.dispose()
        return { before, after, infos, vectors: [data, again.data].map((list) => list.map(({ embedding }) => embedding)) }
      }),
    { model: MODEL, request: { ...REQUEST, documents: REQUEST.documents.slice(0, 5) } },
  )
  await page.close()
  assert.equal(error, undefined)
  assert.deepEqual(ok.infos, ['streamed', 'streamed'])
  assert.deepEqual(ok.after, ok.before)
  assert.deepEqual(ok.vectors[1], ok.vectors[0])
})

test('a vision model is read again with its tower', async () => {
  const image = `data:image/png;base64,${readFileSync(join(ROOT, 'tests', 'fixtures', 'vl', 'pictures', 'shapes.png')).toString('base64')}`
  const request = { query: 'a disc', documents: [{ image }, 'a page', { image, text: 'shapes' }] }
  const [resident, streamed] = await answers([{}, { memory: 'streamed' }], { model: '/fixtures/vl/vl-tied', request })
  assert.equal(streamed.info.vision, true)
  assert.deepEqual(streamed.logits, resident.logits)
})

/** A streamed model in a page, of which `steps` makes something. */
async function withStreamed(host, steps, argument) {
  const page = await browser.page()
  try {
    return await page.evaluate(
      async ({ model, request, download, savings, steps, argument }) => {
        const reranker = await secondpass.Reranker.load({ model, device: 'cpu', memory: 'streamed', cache: 'opfs', download, savings, workers: 1 })
        const score = async (control) => {
          const { results } = await reranker.rerank(request, control)
          return results.sort((a, b) => a.index - b.index).map(({ logit }) => logit)
        }
        try {
          return await new Function('score', 'argument', `return (${steps})(score, argument)`)(score, argument)
        } finally {
          reranker.dispose()
        }
      },
      { model: browser.host(host), request: REQUEST, download: QUICK, savings: ALONE, steps: String(steps), argument },
    )
  } finally {
    await page.close()
  }
}

test('what is cleared from storage while the model is loaded is fetched again', async () => {
  const host = new Host(SMALL)
  const { before, after, cleared } = await withStreamed(host, async (score) => {
    const before = await score()
    await secondpass.cache.clear()
    const cleared = (await secondpass.cache.list()).length
    return { before, after: await score(), cleared }
  })
  assert.equal(cleared, 0)
  assert.deepEqual(after, before)
})

test('where it cannot be fetched again the request is an error that names the file, and the next one works when the host is back', async () => {
  const host = new Host(SMALL)
  const gone = `${browser.url}${browser.host({
    handle: (_, __, response) => {
      host.handle = (...[, , answer]) => answer.writeHead(404).end()
      response.end()
    },
  })}`
  const back = `${browser.url}${browser.host({
    handle: (_, __, response) => {
      delete host.handle
      response.end()
    },
  })}`
  const { code, message, before, after } = await withStreamed(
    host,
    async (score, { gone, back }) => {
      const before = await score()
      await fetch(gone)
      await secondpass.cache.clear()
      const { error } = await outcome(score)
      await fetch(back)
      return { code: error?.code, message: error?.message, before, after: await score() }
    },
    { gone, back },
  )
  assert.match(code ?? '', /not_found|network|bad_response|storage_failed/)
  assert.match(message, new RegExp(WEIGHTS))
  assert.deepEqual(after, before)
})

test('an abort ends a request between layers, and the next one runs', async () => {
  const { name, logits, before } = await withStreamed(new Host(SMALL), async (score) => {
    const before = await score()
    const controller = new AbortController()
    const pending = outcome(() => score({ signal: controller.signal }))
    setTimeout(() => controller.abort(), 5)
    return { name: (await pending).error?.name, before, logits: await score() }
  })
  assert.equal(name, 'AbortError')
  assert.deepEqual(logits, before)
})

test('auto keeps what fits into the memory of the device, as far as the browser tells', async () => {
  const page = await browser.page()
  const seen = await page.evaluate(async (model) => {
    const memory = async (gib, options) => {
      Object.defineProperty(navigator, 'deviceMemory', { value: gib, configurable: true })
      const reranker = await secondpass.Reranker.load({ model, device: 'cpu', ...options })
      const { memory } = reranker.info
      reranker.dispose()
      return memory
    }
    return [await memory(8), await memory(undefined), await memory(0.0005), await memory(0.0005, { memory: 'resident' }), await memory(0.002, { workers: 4 })]
  }, MODEL)
  await page.close()
  assert.deepEqual(seen, ['resident', 'resident', 'streamed', 'resident', 'streamed'])
})

test('a device without memory gets the model once more, with as little of it as possible', async () => {
  const page = await browser.page()
  const { ok, error } = await page.evaluate(
    ({ model, request }) =>
      outcome(async () => {
        const names = ['exhausted', '']
        const worker = () => new Worker('/pages/fragile-worker.js', { type: 'module', name: names.shift() ?? '' })
        const reranker = await secondpass.Reranker.load({ model, device: 'webgpu', worker })
        await reranker.rerank(request)
        const { info } = reranker
        reranker.dispose()
        return { info, started: 2 - names.length }
      }),
    { model: MODEL, request: { query: 'q', documents: ['a', 'b'] } },
  )
  await page.close()
  assert.equal(error, undefined)
  assert.deepEqual([ok.info.memory, ok.info.device, ok.info.recovered_from.code, ok.started], ['streamed', 'webgpu', 'out_of_memory', 2])
})

test('other values of memory are refused in a sentence', async () => {
  const page = await browser.page()
  const messages = await page.evaluate(async (model) => {
    const messages = []
    for (const memory of ['most', -1, 1.5, true, {}]) messages.push((await outcome(() => secondpass.Reranker.load({ model, memory }))).error)
    return messages.map(({ code, message }) => `${code}: ${message}`)
  }, MODEL)
  await page.close()
  for (const message of messages) assert.equal(message, "invalid_request: invalid request: memory must be 'auto', 'resident', 'streamed', or a number of bytes")
})
