// Embedding models through the built package in a real browser: vectors against sentence-transformers and Transformers.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { Host } from '../server/faulty.mjs'
import { open } from './harness.mjs'

/** As in tests/embedding.rs. */
const TOLERANCE = 1e-5
const VIDEO_TOLERANCE = 1e-4
/** A software adapter computes exponentials and square roots less exactly. */
const WEBGPU_TOLERANCE = 1e-4

const FIXTURES = join(ROOT, 'tests', 'fixtures')
const MODELS = readdirSync(join(FIXTURES, 'embedding'))
const ON_WEBGPU = ['bert-mean', 'distilbert-dense', 'modernbert-cls', 'qwen3-last']

const casesOf = (model) => JSON.parse(readFileSync(join(FIXTURES, 'embedding', model, 'cases.json'), 'utf8'))

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Loads a model in a new page, embeds each request, and gives info and answers. */
async function embed(options, requests) {
  const page = await browser.page()
  try {
    return await page.evaluate(
      async ({ options, requests }) => {
        const embedder = await secondpass.Embedder.load(options)
        const responses = []
        for (const request of requests) responses.push(await embedder.embed(request))
        const { info } = embedder
        embedder.dispose()
        return { info, responses }
      },
      { options, requests },
    )
  } finally {
    await page.close()
  }
}

function largestDifference(responses, expected) {
  let largest = 0
  responses.forEach(({ data }, i) => {
    assert.deepEqual(
      data.map(({ index, embedding }) => [index, embedding.length]),
      expected[i].map((vector, index) => [index, vector.length]),
    )
    data.forEach(({ embedding, index }) => {
      embedding.forEach((value, k) => {
        largest = Math.max(largest, Math.abs(value - expected[i][index][k]))
      })
    })
  })
  return largest
}

async function compare(model, device, cases, tolerance) {
  const requests = cases.map(({ request }) => request)
  const { info, responses } = await embed({ model: `/fixtures/embedding/${model}`, device, dtype: 'f32' }, requests)
  const largest = largestDifference(
    responses,
    cases.map(({ embeddings }) => embeddings),
  )
  console.log(`${model} on ${device}: largest difference of a value ${largest.toExponential(2)}`)
  assert.ok(largest <= tolerance, `${largest}`)
  return info
}

for (const model of MODELS) {
  test(`${model} on the CPU matches sentence-transformers`, async () => {
    const { cases, dimensions, normalized, pooling } = casesOf(model)
    const info = await compare(model, 'cpu', cases, TOLERANCE)
    assert.deepEqual([info.dimensions, info.normalized, info.pooling, info.device], [dimensions, normalized, pooling, 'cpu'])
    assert.match(info.identity, new RegExp(`^${model}-[0-9a-f]{16}$`))
    // As in tests/embedding.rs: vectors of an index built by the command line must be valid in the page.
    if (model === 'bert-cls') assert.equal(info.identity, 'bert-cls-a4817883baa8e520')
  })
}

for (const model of ON_WEBGPU) {
  test(`${model} on WebGPU matches sentence-transformers`, async () => {
    const { cases } = casesOf(model)
    await compare(model, 'webgpu', cases.slice(0, 2), WEBGPU_TOLERANCE)
  })
}

test('pictures and videos match Transformers', async () => {
  const { cases } = JSON.parse(readFileSync(join(FIXTURES, 'vl', 'vl-tied', 'embeddings.json'), 'utf8'))
  // Paths are relative to the model's folder; the page has them under their addresses.
  const requests = cases.map(({ request }) => JSON.parse(JSON.stringify(request).replaceAll('../pictures/', '/fixtures/vl/pictures/')))
  const { responses } = await embed({ model: '/fixtures/vl/vl-tied', device: 'cpu', dtype: 'f32' }, requests)
  cases.forEach(({ name, data }, i) => {
    const largest = largestDifference([responses[i]], [data.map(({ embedding }) => embedding)])
    assert.ok(largest <= (name === 'video' ? VIDEO_TOLERANCE : TOLERANCE), `${name}: ${largest}`)
    const tokens = data.reduce((sum, { ids }) => sum + ids, 0)
    assert.deepEqual(responses[i].usage, { prompt_tokens: tokens, total_tokens: tokens })
  })
})

test('several workers share the inputs of a request, and each vector is told once, as soon as it exists', async () => {
  const page = await browser.page()
  const { alone, shared, told, workers } = await page.evaluate(async () => {
    const options = { model: '/fixtures/embedding/bert-mean', device: 'cpu', dtype: 'f32' }
    const input = Array.from({ length: 60 }, (_, i) =>
      `text number ${i % 50} of several, which reads of ${['planets', 'pages', 'bread'][i % 3]} and of other things `.repeat(2),
    )
    const one = await secondpass.Embedder.load(options)
    const alone = await one.embed({ input })
    one.dispose()
    const two = await secondpass.Embedder.load({ ...options, workers: 2 })
    const told = []
    const shared = await two.embed({ input }, { onResult: ({ index, embedding }) => told.push([index, [...embedding]]) })
    const { workers } = two.info
    two.dispose()
    return { alone, shared, told, workers }
  })
  await page.close()
  assert.equal(workers, 2)
  assert.deepEqual(shared.usage, alone.usage)
  assert.ok(largestDifference([shared], [alone.data.map(({ embedding }) => embedding)]) < 1e-6)
  const byIndex = told.sort(([a], [b]) => a - b)
  assert.deepEqual(
    byIndex.map(([index]) => index),
    shared.data.map(({ index }) => index),
  )
  byIndex.forEach(([index, embedding]) => {
    assert.deepEqual(embedding, shared.data[index].embedding.map(Math.fround))
  })
})

test('each encoding says the same vector', async () => {
  const request = { input: 'a planet' }
  const formats = ['float', 'base64', 'int8', 'binary', 'ubinary']
  const { responses } = await embed(
    { model: '/fixtures/embedding/bert-mean', device: 'cpu', dtype: 'f32' },
    formats.map((encoding_format) => ({ ...request, encoding_format })),
  )
  const [float, base64, int8, binary, ubinary] = responses.map(({ data }) => data[0].embedding)
  const bytes = Buffer.from(base64, 'base64')
  assert.deepEqual(
    float.map((_, i) => bytes.readFloatLE(4 * i)),
    float.map(Math.fround),
  )
  const largest = Math.max(...float.map(Math.abs))
  int8.forEach((value, i) => {
    assert.ok(Math.abs(value - (127 * float[i]) / largest) < 0.51)
  })
  const signs = ubinary.flatMap((byte) => [...byte.toString(2).padStart(8, '0')].map(Number))
  assert.deepEqual(
    signs,
    float.map((value) => Number(value > 0)),
  )
  assert.deepEqual(
    binary,
    ubinary.map((byte) => byte - 128),
  )
})

test('prompts of the caller stand before queries and documents', async () => {
  const options = { model: '/fixtures/embedding/bert-mean', device: 'cpu', dtype: 'f32' }
  const { responses: prompted } = await embed({ ...options, prompts: { query: 'query: ', document: 'passage: ' } }, [
    { input: 'a planet', input_type: 'query' },
    { input: 'a planet', input_type: 'document' },
  ])
  const { responses: written } = await embed(options, [{ input: 'query: a planet' }, { input: 'passage: a planet' }])
  assert.deepEqual(
    prompted.map(({ data }) => data),
    written.map(({ data }) => data),
  )
})

test('an abort rejects with its reason, a broken picture fails alone, and a disposed model says so', async () => {
  const page = await browser.page()
  const result = await page.evaluate(async () => {
    const failed = (promise) =>
      promise.then(
        () => 'resolved',
        ({ code, message }) => ({ code, message }),
      )
    const embedder = await secondpass.Embedder.load({ model: '/fixtures/vl/vl-tied', device: 'cpu', dtype: 'f32' })
    const controller = new AbortController()
    const aborted = embedder.embed({ input: Array.from({ length: 200 }, (_, i) => `${i} words`.repeat(20)) }, { signal: controller.signal })
    controller.abort(new Error('enough'))
    const input = ['hello', { image: new Blob(['no picture']) }]
    const loose = await embedder.embed({ input })
    const result = {
      aborted: await failed(aborted),
      indexes: loose.data.map(({ index }) => index),
      failed: loose.meta.failed,
      strict: await failed(embedder.embed({ input }, { strict: true })),
      empty: await failed(embedder.embed({ input: [] })),
      ids: await failed(embedder.embed({ input: [1, 2, 3] })),
      many: await failed(embedder.embed({ input: 'a', dimensions: 1000 })),
    }
    embedder.dispose()
    return { ...result, closed: embedder.closed, disposed: await failed(embedder.embed({ input: 'a' })) }
  })
  await page.close()
  assert.equal(result.aborted.message, 'enough')
  assert.deepEqual(result.indexes, [0])
  assert.equal(result.failed[0].index, 1)
  assert.match(result.failed[0].message, /^input\[1\]/)
  assert.equal(result.strict.code, result.failed[0].code)
  for (const name of ['empty', 'ids', 'many']) assert.equal(result[name].code, 'invalid_request', name)
  assert.equal(result.closed, true)
  assert.equal(result.disposed.code, 'disposed')
})

test('a reranker is no embedder, and an embedder no reranker', async () => {
  const page = await browser.page()
  const codes = await page.evaluate(async () => {
    const refusal = (promise) =>
      promise.then(
        () => 'loaded',
        ({ code, message }) => `${code}: ${message}`,
      )
    return [
      await refusal(secondpass.Embedder.load({ model: '/fixtures/encoder/bert', device: 'cpu' })),
      await refusal(secondpass.Reranker.load({ model: '/fixtures/embedding/bert-mean', device: 'cpu' })),
    ]
  })
  await page.close()
  assert.match(codes[0], /^unsupported_model: .*no embedding model/)
  assert.match(codes[1], /^unsupported_model: .*load it as an embedder/)
})

test('a stored embedding model loads without a request, and is the same model from another address', async () => {
  const folder = join(FIXTURES, 'embedding', 'qwen3-last')
  const names = readdirSync(folder, { recursive: true }).filter((name) => String(name).includes('.'))
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name))]))
  const hosts = [new Host(files), new Host(files)]
  const urls = hosts.map((host) => browser.host(host))
  const page = await browser.page()
  const embedOnce = (url) =>
    page.evaluate(async (model) => {
      const embedder = await secondpass.Embedder.load({ model, device: 'cpu', dtype: 'f32' })
      const { data } = await embedder.embed({ input: 'a planet', input_type: 'query' })
      const { identity } = embedder.info
      embedder.dispose()
      return { vector: data[0].embedding, identity }
    }, url)
  await page.evaluate((model) => secondpass.cache.add({ model, task: 'embed' }), urls[0])
  const { requests } = hosts[0]
  const stored = await embedOnce(urls[0])
  assert.equal(hosts[0].requests, requests, 'not a single request')
  const other = await embedOnce(urls[1])
  assert.ok(hosts[1].requests > 0)
  assert.deepEqual(other.vector, stored.vector)
  await page.close()
})
