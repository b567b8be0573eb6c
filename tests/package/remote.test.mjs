// Reranker.remote against a real server on loopback: every format, and every failure of a network or a server.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { createRerankHandler } from '../../pkg/dist/http/index.js'
import { Reranker, SecondpassError } from '../../pkg/dist/index.js'
import { scoredBy, serve } from './harness.mjs'

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3])
const PNG_URL = `data:image/png;base64,${Buffer.from(PNG).toString('base64')}`
const BODY = { query: 'q', documents: ['a', 'bbb', 'cc'] }

/** One route for each behaviour. `seen` records what arrived. */
const seen = []
let calls = 0
const answers = {
  vllm: () =>
    json(200, {
      id: 'rerank-9',
      model: 'm',
      usage: { prompt_tokens: 10, total_tokens: 10 },
      results: [
        { index: 2, relevance_score: 0.5, document: { text: 'cc', multi_modal: null } },
        { index: 0, relevance_score: 0.9 },
        { index: 1, relevance_score: 0.5 },
      ],
    }),
  tei: () =>
    json(200, [
      { index: 1, score: 0.7 },
      { index: 0, score: 0.2 },
      { index: 2, score: 0.1 },
    ]),
  cohere: () =>
    json(200, { id: 'x', results: [{ index: 1, relevance_score: 0.7 }], meta: { tokens: { input_tokens: 5, output_tokens: 0 }, warnings: ['old model'] } }),
  dashscope: () =>
    json(200, {
      request_id: 'b564',
      output: {
        results: [
          { index: 1, relevance_score: 0.9 },
          { index: 0, relevance_score: 0.3 },
        ],
      },
      usage: { total_tokens: 79 },
    }),
  'dashscope-refusal': () => json(400, { request_id: 'b565', code: 'InvalidParameter', message: 'Model not exist.' }),
  'dashscope-failure': () => json(200, { request_id: 'b566', code: 'InternalError', message: 'Something went wrong.' }),
  voyage: () => json(200, { object: 'list', data: [{ index: 1, relevance_score: 0.7 }], model: 'rerank-2', usage: { total_tokens: 26 } }),
  limited: () => (++calls < 3 ? json(429, { message: 'slow down' }, { 'retry-after': '0.05' }) : answers.vllm()),
  dated: () => (++calls < 2 ? json(503, {}, { 'retry-after': new Date(Date.now() - 1000).toUTCString() }) : answers.vllm()),
  always429: () => (calls++, json(429, { detail: 'quota' }, { 'retry-after': '0' })),
  long: () => (calls++, json(429, { message: 'tomorrow' }, { 'retry-after': '3600' })),
  unauthorized: () => (calls++, json(401, { message: 'invalid api token' })),
  forbidden: () => json(403, { error: { message: 'no access' } }),
  missing: () => json(404, 'nothing here'),
  bad: () => (calls++, json(422, { error: '`texts` is wrong', error_type: 'Validation' })),
  broken: () => (calls++, json(500, { object: 'error', message: 'CUDA out of memory' })),
  html: () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } }),
  empty: () => json(200, {}),
  outside: () => json(200, { results: [{ index: 3, relevance_score: 0.1 }] }),
  twice: () =>
    json(200, {
      results: [
        { index: 1, relevance_score: 0.1 },
        { index: 1, relevance_score: 0.2 },
      ],
    }),
  text: () => json(200, { results: [{ index: 1, relevance_score: '0.1' }] }),
  'not-a-number': () => new Response('{"results":[{"index":0,"relevance_score":null}]}'),
  slow: (request) =>
    new Promise((resolve) =>
      request.signal.addEventListener('abort', () => {
        seen.push('client left')
        resolve(new Response())
      }),
    ),
}
const json = (status, body, headers) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })

let server
before(async () => {
  server = await serve(async (request) => {
    const name = new URL(request.url).pathname.slice(1)
    if (name === 'picture.png') return new Response(PNG, { headers: { 'content-type': 'application/octet-stream' } })
    if (name === 'no-picture.png') return new Response('', { status: 404 })
    seen.push({ headers: Object.fromEntries(request.headers), body: await request.clone().json() })
    return answers[name](request)
  })
})
after(() => server?.close())

function remote(name, options = {}) {
  seen.length = 0
  calls = 0
  return Reranker.remote({ url: `${server.url}/${name}`, ...options })
}
const refused = async (name, expected, options) => {
  const reranker = remote(name, options)
  await assert.rejects(reranker.rerank(BODY), (error) => {
    assert.ok(error instanceof SecondpassError, String(error))
    assert.deepEqual([error.code, error.status], expected.slice(0, 2))
    assert.match(error.message, expected[2])
    return true
  })
}

test('the response is sorted, ties by index, with the documents of the request', async () => {
  const reranker = remote('vllm', { apiKey: 'key', model: 'Qwen/Qwen3-VL-Reranker-2B', headers: { 'x-team': 'search' } })
  const partial = []
  const response = await reranker.rerank({ ...BODY, top_n: 2, return_documents: true, instruction: 'find' }, { onResult: (r) => partial.push(r) })
  assert.deepEqual(response.results, [
    { index: 0, relevance_score: 0.9, document: { text: 'a' } },
    { index: 1, relevance_score: 0.5, document: { text: 'bbb' } },
  ])
  assert.deepEqual(partial, [
    { index: 0, relevance_score: 0.9 },
    { index: 1, relevance_score: 0.5 },
  ])
  assert.deepEqual([response.id, response.model, response.usage.prompt_tokens, response.meta.device], ['rerank-9', 'm', 10, 'remote'])
  assert.deepEqual(seen[0].body, { model: 'Qwen/Qwen3-VL-Reranker-2B', query: 'q', documents: ['a', 'bbb', 'cc'], instruction: 'find', top_n: 2 })
  assert.deepEqual([seen[0].headers.authorization, seen[0].headers['x-team']], ['Bearer key', 'search'])
  assert.ok(reranker instanceof Reranker)
  assert.deepEqual([reranker.info.device, reranker.info.model, reranker.info.url], ['remote', 'Qwen/Qwen3-VL-Reranker-2B', `${server.url}/vllm`])
})

test('the answers of other servers', async () => {
  const tei = await remote('tei', { format: 'tei' }).rerank({ ...BODY, top_n: 2 })
  assert.deepEqual(tei.results, [
    { index: 1, relevance_score: 0.7 },
    { index: 0, relevance_score: 0.2 },
  ])
  assert.deepEqual(seen[0].body, { query: 'q', texts: ['a', 'bbb', 'cc'], truncate: true })
  const cohere = await remote('cohere').rerank(BODY)
  assert.deepEqual([cohere.usage.prompt_tokens, cohere.meta.warnings], [5, ['old model']])
  assert.equal((await remote('voyage').rerank(BODY)).usage.total_tokens, 26)
})

test('pictures are sent as data: URLs, in the format of the server', async () => {
  const documents = [
    { text: 'words', image: new Blob([PNG]) },
    { image: [PNG, `${server.url}/picture.png`] },
    { content: [{ type: 'image_url', image_url: PNG_URL }] },
    { text: ['two', ' texts'] },
  ]
  await remote('vllm').rerank({ query: { text: 'q', image: PNG.buffer }, documents: documents.slice(0, 3) })
  const image = { type: 'image_url', image_url: { url: PNG_URL } }
  assert.deepEqual(seen[0].body.query, { content: [image, { type: 'text', text: 'q' }] })
  assert.deepEqual(seen[0].body.documents, [{ content: [image, { type: 'text', text: 'words' }] }, { content: [image, image] }, { content: [image] }])
  await remote('tei', { format: 'jina' }).rerank({ query: 'q', documents: documents.slice(2).concat('x') })
  assert.deepEqual(seen[0].body.documents, [{ image: PNG_URL.slice(PNG_URL.indexOf(',') + 1) }, 'two texts', 'x'])
  await assert.rejects(remote('tei', { format: 'jina' }).rerank({ query: 'q', documents }), { code: 'invalid_request', status: 400 })
  await assert.rejects(remote('tei', { format: 'tei' }).rerank({ query: 'q', documents }), { code: 'invalid_request', message: /reads text only/ })
  await assert.rejects(remote('vllm').rerank({ query: 'q', documents: [{ image: `${server.url}/no-picture.png` }] }), { code: 'image_unavailable' })
  assert.equal(seen.length, 0)
})

test('frames are sent as one URL, which the handler reads', async () => {
  const reranker = scoredBy(() => 0.5)
  const own = await serve(createRerankHandler(reranker))
  try {
    const video = { frames: [PNG, PNG] }
    const response = await Reranker.remote({ url: `${own.url}/v1/rerank` }).rerank({ query: 'q', documents: [{ video }, 'text'], max_frames: 4 })
    assert.equal(response.results.length, 2)
    const frame = PNG_URL.replace('image/png', 'image/jpeg')
    assert.deepEqual(reranker.asked[0].documents[0], { content: [{ type: 'video_url', video_url: { frames: [frame, frame] } }] })
    assert.equal(reranker.asked[0].max_frames, 4)
  } finally {
    await own.close()
  }
})

test('a busy server is retried after the wait that it names, not more often than allowed', async () => {
  const start = performance.now()
  assert.equal((await remote('limited').rerank(BODY)).results.length, 3)
  assert.equal(calls, 3)
  assert.ok(performance.now() - start >= 100)
  await remote('dated').rerank(BODY)
  assert.equal(calls, 2)
  await refused('always429', ['rate_limited', 429, /429: quota.*wait 0 s/], { maxRetries: 3 })
  assert.equal(calls, 4)
  await refused('long', ['rate_limited', 429, /tomorrow.*wait 3600 s/])
  assert.equal(calls, 1)
})

test('refusals have a code, the status and the message of the server, and are not retried', async () => {
  await refused('unauthorized', ['unauthorized', 401, /401: invalid api token/])
  assert.equal(calls, 1)
  await refused('forbidden', ['unauthorized', 403, /no access/])
  await refused('missing', ['not_found', 404, /404/])
  await refused('bad', ['invalid_request', 422, /texts. is wrong/])
  await refused('broken', ['server_error', 500, /CUDA out of memory/])
  assert.equal(calls, 1)
})

test('invalid answers are refused, not passed on', async () => {
  await refused('html', ['bad_response', 502, /no JSON/])
  await refused('empty', ['bad_response', 502, /no list of results/])
  await refused('outside', ['bad_response', 502, /no place in the request/])
  await refused('twice', ['bad_response', 502, /twice/])
  await refused('text', ['bad_response', 502, /not a number/])
  await refused('not-a-number', ['bad_response', 502, /not a number/])
})

test('an abort ends a request and a wait; dispose ends all', async () => {
  const reason = new Error('enough')
  const stopping = (ms) => {
    const c = new AbortController()
    setTimeout(() => c.abort(reason), ms)
    return c.signal
  }
  await assert.rejects(remote('slow').rerank(BODY, { signal: stopping(50) }), reason)
  await new Promise((done) => setTimeout(done, 100))
  assert.ok(seen.includes('client left'))
  answers.waiting = () => json(429, {}, { 'retry-after': '20' })
  const start = performance.now()
  await assert.rejects(remote('waiting').rerank(BODY, { signal: stopping(50) }), reason)
  assert.ok(performance.now() - start < 5000)
  await assert.rejects(remote('vllm').rerank(BODY, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  const reranker = remote('slow')
  const running = reranker.rerank(BODY)
  setTimeout(() => reranker.dispose(), 50)
  await assert.rejects(running, { code: 'disposed', status: 409 })
  await assert.rejects(reranker.rerank(BODY), { code: 'disposed' })
})

test('a broken connection is retried, then reported', async () => {
  let connections = 0
  const server = createServer((request) => {
    connections++
    request.destroy()
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${server.address().port}/v1/rerank`
  await assert.rejects(Reranker.remote({ url, maxRetries: 1 }).rerank(BODY), { code: 'network', status: 502, message: /could not be reached/ })
  assert.equal(connections, 2)
  server.close()
})

test('an empty list is refused without a request; headers may be made for each request', async () => {
  await assert.rejects(remote('vllm').rerank({ query: 'q', documents: [] }), { code: 'invalid_request' })
  assert.equal(seen.length, 0)
  let made = 0
  const reranker = remote('vllm', { headers: async () => ({ authorization: `Bearer ${++made}` }), fetch: (input, init) => fetch(input, init) })
  await reranker.rerank(BODY)
  await reranker.rerank(BODY)
  assert.deepEqual(
    seen.map((entry) => entry.headers.authorization),
    ['Bearer 1', 'Bearer 2'],
  )
})

test('what a local model refuses is refused without a request', async () => {
  const reranker = remote('vllm')
  const bodies = [
    undefined,
    null,
    [],
    {},
    { documents: ['a'] },
    { query: null, documents: ['a'] },
    { query: 'q' },
    { query: 'q', documents: null },
    { query: 'q', documents: 7 },
    { query: 'q', documents: [null] },
    { query: 'q', documents: [{ title: 'x' }] },
    { query: 'q', documents: [{ text: 7 }] },
    { query: 'q', documents: [{ image: 7 }] },
    { query: 'q', documents: [{ image: [''] }] },
    { query: 'q', documents: [{ video: 'a.mp4' }] },
    { query: 'q', documents: [{ video: [[null]] }] },
    { query: 'q', documents: [{ content: [{ type: 'sound' }] }] },
    { query: 'q', documents: [{ content: [null] }] },
  ]
  for (const body of bodies) {
    await assert.rejects(
      reranker.rerank(body),
      (error) => error instanceof SecondpassError && error.code === 'invalid_request' && error.status === 400,
      JSON.stringify(body),
    )
  }
  assert.equal(seen.length, 0)
})

test('parts and models in the spelling of clients', async () => {
  const image = { type: 'image_url', image_url: { url: PNG_URL } }
  await remote('vllm', { model: 'usual' }).rerank({ model: 'other', query: 'q', documents: [{ content: [{ type: 'image', image: PNG_URL }] }, 'b', {}] })
  assert.deepEqual([seen[0].body.model, seen[0].body.documents], ['other', [{ content: [image] }, 'b', '']])
})

test('a header has one value, whatever its case', async () => {
  await remote('vllm', { apiKey: 'key', headers: { Authorization: 'Token own', 'Content-Type': 'application/json; v=2' } }).rerank(BODY)
  assert.deepEqual([seen[0].headers.authorization, seen[0].headers['content-type']], ['Token own', 'application/json; v=2'])
})

test('a custom fetch is used for the server only', async () => {
  const asked = []
  const own = (input, init) => {
    asked.push(String(input))
    return fetch(input, init)
  }
  const reranker = remote('vllm', { fetch: own })
  await reranker.rerank({ query: 'q', documents: [{ image: `${server.url}/picture.png` }, 'b', 'c'] })
  assert.deepEqual(asked, [`${server.url}/vllm`])
  assert.deepEqual(seen[0].body.documents[0], { content: [{ type: 'image_url', image_url: { url: PNG_URL } }] })
})

test('DashScope: input and parameters, output.results, its refusals', async () => {
  const options = { format: 'dashscope', model: 'qwen3-rerank', apiKey: 'key' }
  const response = await remote('dashscope', options).rerank({ ...BODY, top_n: 2, instruction: 'find', return_documents: true })
  assert.deepEqual(seen[0].body, {
    model: 'qwen3-rerank',
    input: { query: 'q', documents: ['a', 'bbb', 'cc'] },
    parameters: { return_documents: false, top_n: 2, instruct: 'find' },
  })
  assert.equal(seen[0].headers.authorization, 'Bearer key')
  assert.deepEqual(response.results, [
    { index: 1, relevance_score: 0.9, document: { text: 'bbb' } },
    { index: 0, relevance_score: 0.3, document: { text: 'a' } },
  ])
  assert.deepEqual([response.id, response.model, response.usage.total_tokens], ['b564', 'qwen3-rerank', 79])
  await remote('dashscope', { format: 'dashscope' }).rerank({ model: 'gte-rerank-v2', query: 'q', documents: ['a', 'b'] })
  assert.deepEqual(seen[0].body, { model: 'gte-rerank-v2', input: { query: 'q', documents: ['a', 'b'] }, parameters: { return_documents: false } })
  await refused('dashscope-refusal', ['invalid_request', 400, /Model not exist/], options)
  await refused('dashscope-failure', ['bad_response', 502, /says "Something went wrong\."/], options)
})

test('DashScope: pictures as one entry each; what it cannot take is refused without a request', async () => {
  const options = { format: 'dashscope', model: 'qwen3-vl-rerank' }
  await remote('dashscope', options).rerank({ query: { image: PNG.buffer }, documents: [{ text: 'a' }, { image: PNG_URL }], fps: 2 })
  assert.deepEqual(seen[0].body, {
    model: 'qwen3-vl-rerank',
    input: { query: { image: PNG_URL }, documents: ['a', { image: PNG_URL }] },
    parameters: { return_documents: false, fps: 2 },
  })
  for (const [given, request, says] of [
    [{ format: 'dashscope' }, BODY, /name of a model; write model: 'qwen3-rerank'/],
    [options, { query: 'q', documents: [{ text: 'a', image: PNG_URL }] }, /text or one picture for a server of the format dashscope/],
    [options, { query: 'q', documents: [{ video: [PNG] }] }, /text or one picture/],
    [options, { ...BODY, raw_scores: true }, /no raw_scores/],
  ]) {
    await assert.rejects(remote('dashscope', given).rerank(request), (error) => error.code === 'invalid_request' && says.test(error.message))
    assert.equal(seen.length, 0)
  }
  assert.throws(() => Reranker.remote({ url: server.url, format: 'dashscop' }), /one of rerank, jina, tei, dashscope/)
})
