// `Embedder.remote` against a real HTTP server: what is asked, what is read, and what is refused.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { Embedder } from '../../pkg/dist/index.js'

let server, url, answer
const asked = []
before(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    asked.push({ body: JSON.parse(body), authorization: request.headers.authorization })
    const { status = 200, json } = answer(JSON.parse(body))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${server.address().port}/v1/embeddings`
})
after(() => new Promise((done) => server.close(done)))

const openai = ({ input }) => ({
  json: {
    object: 'list',
    model: 'm-1',
    // Servers may answer in another order.
    data: input.map((text, index) => ({ object: 'embedding', index, embedding: [String(text).length, index] })).reverse(),
    usage: { prompt_tokens: 9, total_tokens: 9 },
  },
})

test('texts go there as OpenAI’s clients send them, and vectors come back in the order of the inputs', async () => {
  answer = openai
  const embedder = Embedder.remote({ url, model: 'm', apiKey: 'key' })
  assert.deepEqual([embedder.info.device, embedder.info.dimensions, embedder.info.identity], ['remote', 0, `${url} m`])
  const told = []
  const response = await embedder.embed(
    { input: ['a', { text: ['b', 'c'] }], dimensions: 2, input_type: 'query' },
    { onResult: ({ index }) => told.push(index) },
  )
  assert.deepEqual(asked.at(-1), { body: { model: 'm', input_type: 'query', dimensions: 2, input: ['a', 'bc'] }, authorization: 'Bearer key' })
  assert.deepEqual(
    response.data.map(({ index, embedding }) => [index, embedding]),
    [
      [0, [1, 0]],
      [1, [2, 1]],
    ],
  )
  assert.deepEqual([response.model, response.usage.prompt_tokens, told, embedder.info.dimensions], ['m-1', 9, [0, 1], 2])
})

test('a picture is sent as Jina takes it, and nothing else stands beside it', async () => {
  answer = openai
  const embedder = Embedder.remote({ url })
  await embedder.embed({ input: [{ image: 'data:image/png;base64,iVBORw0KGgo=' }] })
  assert.deepEqual(asked.at(-1).body, { input: [{ image: 'iVBORw0KGgo=' }] })
  await assert.rejects(embedder.embed({ input: [{ text: 'a', image: 'data:image/png;base64,iVBORw0KGgo=' }] }), /input\[0\] must be text or one picture/)
})

test('bare vectors of TEI are read', async () => {
  answer = ({ input }) => ({ json: input.map((_, i) => [i, 1]) })
  const { data } = await Embedder.remote({ url }).embed({ input: ['a', 'b'] })
  assert.deepEqual(data[1], { object: 'embedding', index: 1, embedding: [1, 1] })
})

test('answers that cannot be paired with the inputs are refused', async () => {
  const vector = (index, embedding = [1]) => ({ index, embedding })
  for (const [data, says] of [
    [undefined, /cannot be used: it holds no list of vectors\.$/],
    [[vector(0)], /1 vectors for 2 inputs/],
    [[vector(0), vector(0)], /names an input twice/],
    [[vector(0), vector(2)], /no place in the request/],
    [[vector(0), vector(1, [1, 2])], /differ in length/],
    [[vector(0), vector(1, ['1'])], /no list of numbers/],
    [[vector(0), vector(1, [])], /no list of numbers/],
  ]) {
    answer = () => ({ json: { data } })
    await assert.rejects(Embedder.remote({ url }).embed({ input: ['a', 'b'] }), (error) => error.code === 'bad_response' && says.test(error.message))
  }
})

test('errors, aborts and dispose are those of every model', async () => {
  answer = () => ({ status: 401, json: { error: { message: 'no such key' } } })
  const embedder = Embedder.remote({ url })
  await assert.rejects(embedder.embed({ input: 'a' }), { code: 'unauthorized' })
  await assert.rejects(embedder.embed({ input: [] }), { code: 'invalid_request' })
  const controller = new AbortController()
  controller.abort(new Error('enough'))
  await assert.rejects(embedder.embed({ input: 'a' }, { signal: controller.signal }), /enough/)
  embedder.dispose()
  assert.equal(embedder.closed, true)
  await assert.rejects(embedder.embed({ input: 'a' }), { code: 'disposed' })
  assert.throws(() => Embedder.remote({}), /Embedder\.remote\(\{ url: 'https:\/\/example\.org\/v1\/embeddings' \}\)/)
})

test('Jina: tasks, types, and objects where one input is a picture', async () => {
  answer = openai
  const embedder = Embedder.remote({ url, model: 'jina-embeddings-v4', format: 'jina' })
  await embedder.embed({ input: ['a', 'b'], input_type: 'query', dimensions: 2, encoding_format: 'float' })
  assert.deepEqual(asked.at(-1).body, { model: 'jina-embeddings-v4', task: 'retrieval.query', dimensions: 2, embedding_type: 'float', input: ['a', 'b'] })
  await embedder.embed({ input: ['a', { image: 'data:image/png;base64,iVBORw0KGgo=' }], input_type: 'document', late_chunking: true })
  assert.deepEqual(asked.at(-1).body, {
    model: 'jina-embeddings-v4',
    task: 'retrieval.passage',
    late_chunking: true,
    input: [{ text: 'a' }, { image: 'iVBORw0KGgo=' }],
  })
  await embedder.embed({ input: [{ image: `data:image/png;name=${'n'.repeat(300)};base64,iVBORw0KGgo=` }] })
  assert.deepEqual(asked.at(-1).body.input, [{ image: 'iVBORw0KGgo=' }])
  await assert.rejects(embedder.embed({ input: 'a', instruction: 'find' }), /of the format jina has no instruction/)
})

const cohere = ({ texts, inputs, embedding_types: [type] }) => ({
  json: {
    id: 'c1',
    embeddings: { [type]: (texts ?? inputs).map((_, i) => [i + 1, 0.5]) },
    texts: texts ?? [],
    meta: { api_version: { version: '2' }, billed_units: { input_tokens: 4 }, warnings: ['old model'] },
    response_type: 'embeddings_by_type',
  },
})

test('Cohere: types of inputs, lists by type, pictures beside text', async () => {
  answer = cohere
  const embedder = Embedder.remote({ url, model: 'embed-v4.0', format: 'cohere', apiKey: 'key' })
  const { data, usage, meta } = await embedder.embed({ input: ['a', { text: ['b', 'c'] }], input_type: 'document', dimensions: 256, max_length: 64 })
  assert.deepEqual(asked.at(-1), {
    body: { model: 'embed-v4.0', embedding_types: ['float'], input_type: 'search_document', output_dimension: 256, max_tokens: 64, texts: ['a', 'bc'] },
    authorization: 'Bearer key',
  })
  assert.deepEqual(
    data.map(({ embedding }) => embedding),
    [
      [1, 0.5],
      [2, 0.5],
    ],
  )
  assert.deepEqual([usage.prompt_tokens, meta.warnings, embedder.info.dimensions], [4, ['old model'], 2])
  const image = 'data:image/png;base64,iVBORw0KGgo='
  await embedder.embed({ input: [{ text: 'a', image }, 'b'], input_type: 'query', encoding_format: 'int8' })
  assert.deepEqual(asked.at(-1).body, {
    model: 'embed-v4.0',
    input_type: 'search_query',
    embedding_types: ['int8'],
    inputs: [
      {
        content: [
          { type: 'image_url', image_url: { url: image } },
          { type: 'text', text: 'a' },
        ],
      },
      { content: [{ type: 'text', text: 'b' }] },
    ],
  })
  const before = asked.length
  await assert.rejects(embedder.embed({ input: 'a' }), /wants input_type: 'query' or 'document'/)
  await assert.rejects(embedder.embed({ input: 'a', input_type: 'query', instruction: 'find' }), /of the format cohere has no instruction/)
  assert.equal(asked.length, before)
  answer = () => ({ json: { embeddings: { float: [] } } })
  await assert.rejects(embedder.embed({ input: 'a', input_type: 'query' }), /0 vectors for 1 inputs/)
  answer = () => ({ json: { embeddings: [[1, 2]] } })
  assert.deepEqual((await embedder.embed({ input: 'a', input_type: 'query' })).data[0].embedding, [1, 2])
  assert.throws(() => Embedder.remote({ url, format: 'tei' }), /format must be one of openai, jina, cohere/)
})

test('the package’s own route reads what the formats send', async () => {
  const { createEmbeddingsHandler } = await import('secondpass/http')
  const { FakeEmbedder } = await import('secondpass/testing')
  const { serve } = await import('./harness.mjs')
  for (const format of ['openai', 'jina', 'cohere']) {
    const fake = new FakeEmbedder()
    const own = await serve(createEmbeddingsHandler(fake))
    try {
      const embedder = Embedder.remote({ url: `${own.url}/v1/embeddings`, format })
      const { data } = await embedder.embed({ input: ['red planet', 'a page'], input_type: 'query', dimensions: 16 })
      const direct = await fake.embed({ input: ['red planet', 'a page'], dimensions: 16 })
      assert.deepEqual(data, direct.data)
      assert.deepEqual(fake.requests[0].request, {
        input: ['red planet', 'a page'],
        input_type: 'query',
        dimensions: 16,
        ...(format === 'cohere' && { encoding_format: 'float' }),
      })
    } finally {
      await own.close()
    }
  }
})
