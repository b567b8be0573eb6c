// The wire format of `/v1/embeddings`: bodies of common clients are understood, and the answers have the fields that they read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEmbeddingsHandler } from '../../pkg/dist/http/index.js'

const post = (body, init = {}) =>
  new Request('http://localhost/v1/embeddings', {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
  })

/** An embedder of one's own: the length of a text, and its place. */
function lengths({ failed } = {}) {
  const asked = []
  return {
    asked,
    info: { identity: 'lengths' },
    async embed(request) {
      asked.push(request)
      const data = request.input.map((text, index) => ({ object: 'embedding', index, embedding: [String(text.text ?? text).length, index] }))
      const meta = { device: 'cpu', warnings: [], ...(failed && { failed: [failed] }) }
      return { object: 'list', model: 'lengths', data: failed ? data.slice(1) : data, usage: { prompt_tokens: 5, total_tokens: 5 }, meta }
    },
  }
}

async function ask(body, options, init) {
  const embedder = lengths()
  const response = await createEmbeddingsHandler(embedder, options)(post(body, init))
  return { status: response.status, headers: response.headers, body: await response.json(), asked: embedder.asked[0] }
}

test('one text and several, as OpenAI’s clients send them', async () => {
  const one = await ask({ model: 'text-embedding-3-small', input: 'abc', user: 'x' })
  assert.equal(one.status, 200)
  assert.deepEqual(one.asked, { input: ['abc'] })
  assert.deepEqual(one.body.data, [{ object: 'embedding', index: 0, embedding: [3, 0] }])
  assert.deepEqual([one.body.object, one.body.model, one.body.usage], ['list', 'lengths', { prompt_tokens: 5, total_tokens: 5 }])
  const several = await ask({ input: ['a', 'bb'], dimensions: 2, encoding_format: 'base64' })
  assert.deepEqual(several.asked, { dimensions: 2, encoding_format: 'base64', input: ['a', 'bb'] })
})

test('tasks and pictures, as Jina sends them', async () => {
  const { asked } = await ask({ input: [{ text: 'a' }, { image: 'https://example.org/a.png' }], task: 'retrieval.query', dimensions: 64 })
  assert.deepEqual(asked, { input_type: 'query', dimensions: 64, input: [{ text: 'a' }, { image: ['https://example.org/a.png'] }] })
  assert.equal((await ask({ input: 'a', task: 'retrieval.passage' })).asked.input_type, 'document')
  assert.equal((await ask({ input: 'a', task: 'text-matching' })).asked.input_type, undefined)
  const { status, body } = await ask({ input: [{ image: 'https://example.org/a.png' }] }, { pictures: 'data' })
  assert.equal(status, 400)
  assert.match(body.message, /input\[0\]: pictures must be data: URLs/)
})

test('texts with types, as Cohere’s v2 sends them', async () => {
  const { asked, body } = await ask({ texts: ['a', 'bb'], input_type: 'search_document', embedding_types: ['int8'], output_dimension: 2 })
  assert.deepEqual(asked, { input_type: 'document', dimensions: 2, encoding_format: 'int8', input: ['a', 'bb'] })
  assert.deepEqual(body.embeddings, {
    int8: [
      [1, 0],
      [2, 1],
    ],
  })
  assert.deepEqual(body.meta.tokens, { input_tokens: 5 })
})

test('inputs, as TEI takes them: a bare list comes back, and its form of errors', async () => {
  const { body } = await ask({ inputs: ['a', 'bb'] })
  assert.deepEqual(body, [
    [1, 0],
    [2, 1],
  ])
  const wrong = await ask({ inputs: [] })
  assert.deepEqual([wrong.status, wrong.body.error_type], [400, 'Validation'])
})

test('what cannot be answered is refused with the fields of every server', async () => {
  for (const [body, says] of [
    [{}, /input must be provided/],
    [{ input: [] }, /empty list/],
    [{ input: [1, 2] }, /token ids/],
    [{ input: 'a', input_type: 3 }, /input_type must be a text/],
    ['[', /no valid JSON/],
  ]) {
    const answer = await ask(body)
    assert.equal(answer.status, 400)
    assert.match(answer.body.message, says)
    assert.equal(answer.body.error.code, 400)
  }
  const many = await ask({ input: ['a', 'b', 'c'] }, { maxInputs: 2 })
  assert.match(many.body.message, /3 inputs were given; one call takes 2 at most/)
  const get = await createEmbeddingsHandler(lengths())(new Request('http://localhost/v1/embeddings'))
  assert.equal(get.status, 405)
  assert.throws(() => createEmbeddingsHandler(undefined), { code: 'invalid_request' })
})

test('an input without a vector fails the request, since clients pair vectors with inputs by their places', async () => {
  const failed = { index: 0, code: 'image_unavailable', message: 'input[0]: the picture is damaged' }
  const response = await createEmbeddingsHandler(lengths({ failed }))(post({ input: ['a', 'b'] }))
  assert.equal(response.status, 400)
  assert.equal((await response.json()).type, 'image_unavailable')
})
