// The wire format: the bodies of common clients are understood, the answers have the fields that they read, and no body does harm.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRerankHandler } from '../../pkg/dist/http/index.js'
import { scoredBy } from './harness.mjs'

const URL_ = 'http://localhost/v1/rerank'
const PNG = `data:image/png;base64,${'iVBORw0KGgo'.padEnd(96, 'A')}`
const post = (body, init = {}) =>
  new Request(URL_, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
    headers: { 'content-type': 'application/json', ...init.headers },
  })

async function ask(body, options, init) {
  const reranker = scoredBy((text) => text.length / 100)
  const response = await createRerankHandler(reranker, options)(post(body, init))
  return { status: response.status, headers: response.headers, body: await response.json(), asked: reranker.asked[0] }
}

test('strings, as Cohere v2 sends them', async () => {
  const { status, headers, body, asked } = await ask({ model: 'rerank-v4.0-pro', query: 'q', documents: ['a', 'bb'], top_n: 1, max_tokens_per_doc: 512 })
  assert.equal(status, 200)
  assert.equal(headers.get('content-type'), 'application/json')
  assert.deepEqual(asked, { query: 'q', documents: ['a', 'bb'], top_n: 1, max_tokens_per_doc: 512 })
  assert.deepEqual(body.results, [{ index: 1, relevance_score: 0.02 }])
  assert.equal(body.object, 'list')
  assert.deepEqual(body.usage, { prompt_tokens: 7, total_tokens: 7 })
  assert.deepEqual(body.meta.tokens, { input_tokens: 7, output_tokens: 0 })
  assert.deepEqual(body.meta.warnings, [])
})

test('objects with rank_fields, as Cohere v1 sends them', async () => {
  const documents = [{ title: 'T', text: 'body', year: 2020 }, { text: 'alone' }]
  const { asked } = await ask({ query: 'q', documents, rank_fields: ['title', 'text', 'year'] })
  assert.deepEqual(asked.documents, [{ text: 'T\nbody\n2020' }, { text: 'alone' }])
  assert.deepEqual((await ask({ query: 'q', documents })).asked.documents, [{ text: 'body' }, { text: 'alone' }])
  const { status, body } = await ask({ query: 'q', documents: [{ other: 'x' }], rank_fields: ['title'] })
  assert.equal(status, 400)
  assert.match(body.message, /documents\[0\] has none of the rank_fields/)
  const { body: warned } = await ask({ query: 'q', documents: ['a'], max_chunks_per_doc: 3 })
  assert.deepEqual(warned.meta.warnings, ['max_chunks_per_doc is not supported and was ignored'])
})

test('texts and pictures, as Jina sends them', async () => {
  const base64 = PNG.slice(PNG.indexOf(',') + 1)
  const { asked, body } = await ask({
    query: { image: PNG },
    documents: [{ text: 'a' }, { image: base64 }, { image: 'https://example.org/a.png' }],
    return_documents: true,
  })
  assert.deepEqual(asked.query, { image: [PNG] })
  assert.deepEqual(asked.documents, [{ text: 'a' }, { image: [PNG] }, { image: ['https://example.org/a.png'] }])
  assert.deepEqual(body.results[0].document, { text: 'a' })
})

test('content lists, as vLLM sends them', async () => {
  const image = { type: 'image_url', image_url: { url: PNG } }
  const { asked } = await ask({
    query: { content: [{ type: 'text', text: 'q' }, image] },
    documents: [
      { content: [image] },
      [{ type: 'text', text: 'list' }],
      image,
      'text',
      { content: [{ type: 'video_url', video_url: { url: 'data:video/jpeg;base64,AAAA,BBBB' } }] },
    ],
    truncate_prompt_tokens: 2048,
    instruction: 'find',
    top_n: 0,
  })
  const part = { type: 'image_url', image_url: PNG }
  assert.deepEqual(asked, {
    query: { content: [{ type: 'text', text: 'q' }, part] },
    documents: [
      { content: [part] },
      { content: [{ type: 'text', text: 'list' }] },
      { content: [part] },
      'text',
      { content: [{ type: 'video_url', video_url: { frames: ['data:image/jpeg;base64,AAAA', 'data:image/jpeg;base64,BBBB'] } }] },
    ],
    instruction: 'find',
    max_length: 2048,
  })
  assert.deepEqual((await ask({ query: 'q', documents: { content: [{ type: 'text', text: 'one' }] } })).asked.documents, [
    { content: [{ type: 'text', text: 'one' }] },
  ])
})

test('texts, as TEI and llama.cpp take them, are answered with a bare list', async () => {
  assert.deepEqual((await ask({ query: 'q', texts: ['a', 'bb'], return_text: true })).body, [
    { index: 1, score: 0.02, text: 'bb' },
    { index: 0, score: 0.01, text: 'a' },
  ])
  const { status, body } = await ask({ query: 'q', texts: [] })
  assert.equal(status, 400)
  assert.deepEqual(body, { error: 'invalid request: list of documents must not be empty', error_type: 'Validation' })
})

test('what is not supported is refused with one sentence, in the format of every server', async () => {
  const refused = [
    [{ documents: ['a'] }, /query must be provided/],
    [{ query: 'q' }, /documents must be provided/],
    [{ query: 'q', documents: [] }, /must not be empty/],
    [{ query: 'q', documents: [5] }, /documents\[0\] must be a string/],
    [{ query: 'q', documents: ['a', { title: 'x' }] }, /documents\[1\] must be/],
    [{ query: 'q', documents: [{ image: { $attachment: 0 } }] }, /documents\[0\]: a picture must be/],
    [{ query: 'q', documents: [{ text: 3 }] }, /text must be a string/],
    [{ query: 'q', documents: [{ video: 'clip.mp4' }] }, /list of frames/],
    [{ query: 'q', documents: ['a'], top_n: -1 }, /top_n must be/],
    [{ query: 'q', documents: ['a'], top_n: 1.5 }, /top_n must be/],
    [{ query: 'q', documents: ['a'], instruction: 1 }, /instruction/],
    [{ query: 'q', documents: ['a', 'b', 'c'] }, /at most 2/, { maxDocuments: 2 }],
    [{ query: 'q', documents: [{ image: '/a.png' }] }, /not fetched/, { pictures: 'data' }],
    ['{', /no valid JSON/],
    ['[]', /must be an object/],
    ['', /no valid JSON/],
    ['null', /must be an object/],
  ]
  for (const [body, message, options] of refused) {
    const answer = await ask(body, options)
    assert.equal(answer.status, 400, JSON.stringify(body))
    for (const said of [answer.body.message, answer.body.detail, answer.body.error.message]) assert.match(said, message)
    assert.equal(answer.asked, undefined)
  }
})

test('scores without the final activation are logits, where the model reports them', async () => {
  const inner = scoredBy((text) => text.length / 100)
  const reranker = {
    ...inner,
    rerank: async (request, control) => {
      const response = await inner.rerank(request, control)
      return { ...response, results: response.results.map((result) => ({ ...result, logit: result.relevance_score - 5 })) }
    },
  }
  const answer = async (body) => (await createRerankHandler(reranker)(post(body))).json()
  assert.deepEqual(await answer({ query: 'q', texts: ['a'], raw_scores: true }), [{ index: 0, score: 0.01 - 5 }])
  assert.equal((await answer({ query: 'q', documents: ['a'], use_activation: false })).results[0].relevance_score, 0.01 - 5)
  assert.equal((await answer({ query: 'q', documents: ['a'] })).results[0].relevance_score, 0.01)
  // For this package's own field the model answers.
  assert.deepEqual((await ask({ query: 'q', documents: ['a'], raw_scores: true })).asked, { query: 'q', documents: ['a'], raw_scores: true })
  const { status, body } = await ask({ query: 'q', documents: ['a'], use_activation: false })
  assert.equal(status, 400)
  assert.match(body.message, /final activation/)
})

test('methods, types and sizes', async () => {
  const handler = createRerankHandler(
    scoredBy(() => 0),
    { maxBodyBytes: 100 },
  )
  const get = await handler(new Request(URL_))
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST, OPTIONS'])
  assert.equal((await handler(post('a=b', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }))).status, 415)
  assert.equal((await handler(post({ query: 'q', documents: ['x'.repeat(200)] }))).status, 413)
  const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(64)) })
  assert.equal((await handler(new Request(URL_, { method: 'POST', body: endless, duplex: 'half' }))).status, 413)
})

test('errors of the reranker keep their status; others are 500', async () => {
  const failing = (error) =>
    createRerankHandler({
      rerank: async () => {
        throw error
      },
    })(post({ query: 'q', documents: ['a'] }))
  const own = await failing(Object.assign(new Error('no GPU'), { name: 'SecondpassError', code: 'device_lost', status: 503 }))
  assert.equal(own.status, 503)
  assert.deepEqual((await own.json()).error, { message: 'no GPU', type: 'device_lost', code: 503 })
  assert.equal((await failing(new TypeError('x'))).status, 500)
  assert.equal((await failing(Object.assign(new Error('x'), { status: 200 }))).status, 500)
})

test('a client that disconnects stops the work', async () => {
  const controller = new AbortController()
  let stopped
  const reranker = {
    rerank: (_, { signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          stopped = true
          reject(signal.reason)
        }),
      ),
  }
  const answer = createRerankHandler(reranker)(post({ query: 'q', documents: ['a'] }, { signal: controller.signal }))
  setTimeout(() => controller.abort(), 20)
  assert.equal((await answer).status, 499)
  assert.ok(stopped)
})

test('a reranker is made once, at the first use, and again after a failure', async () => {
  let made = 0
  const handler = createRerankHandler(async () => {
    if (++made === 1) throw Object.assign(new Error('offline'), { code: 'network', status: 502 })
    return scoredBy(() => 0.5)
  })
  assert.equal(made, 0)
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await handler(post({ query: 'q', documents: ['a'] }))).status)
  assert.deepEqual([statuses, made], [[502, 200, 200], 2])
})

test('other origins read answers only if they are allowed to', async () => {
  const body = { query: 'q', documents: ['a'] }
  const from = (origin) => ({ headers: { origin } })
  const allowed = async (cors, origin) => (await ask(body, { cors }, from(origin))).headers.get('access-control-allow-origin')
  assert.equal(await allowed(undefined, 'https://a.example'), null)
  assert.equal(await allowed(true, 'https://a.example'), '*')
  assert.equal(await allowed(['https://a.example'], 'https://a.example'), 'https://a.example')
  assert.equal(await allowed(['https://a.example'], 'https://b.example'), null)
  const preflight = await createRerankHandler(
    scoredBy(() => 0),
    { cors: ['https://a.example'] },
  )(new Request(URL_, { method: 'OPTIONS', headers: { origin: 'https://a.example', 'access-control-request-headers': 'authorization,x-client-name' } }))
  assert.deepEqual(
    [preflight.status, preflight.headers.get('access-control-allow-headers'), preflight.headers.get('vary')],
    [204, 'authorization,x-client-name', 'origin'],
  )
})

test('any body gets scores or an error of the client, never one of the server', async () => {
  let seed = 7
  const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n
  const pick = (list) => list[random(list.length)]
  const NAMES = [
    'query',
    'documents',
    'texts',
    'content',
    'type',
    'text',
    'image',
    'image_url',
    'video',
    'video_url',
    'frames',
    'url',
    'fps',
    'top_n',
    'rank_fields',
    'instruction',
    '__proto__',
    'constructor',
  ]
  const LEAVES = ['', 'text', 'image_url', 'video_url', 'constructor', PNG, 'data:video/jpeg;base64,A,B', 0, -1, 1.5, 1e400, true, false, null, 'x'.repeat(70)]
  const value = (depth) => {
    const kind = depth > 4 ? 0 : random(4)
    if (kind < 2) return pick(LEAVES)
    if (kind === 2) return Array.from({ length: random(4) }, () => value(depth + 1))
    return Object.fromEntries(Array.from({ length: random(4) }, () => [pick(NAMES), value(depth + 1)]))
  }
  const statuses = { 200: 0, 400: 0 }
  const handler = createRerankHandler(scoredBy(() => 0.5))
  for (let i = 0; i < 5000; i++) {
    const body = { query: random(3) ? 'q' : value(0), [pick(['documents', 'texts'])]: random(3) ? [value(1), value(1)] : value(0), [pick(NAMES)]: value(0) }
    const response = await handler(post(body))
    const answer = await response.json()
    statuses[response.status]++
    assert.ok(
      response.status === 200 || (response.status === 400 && typeof (answer.message ?? answer.error) === 'string'),
      `${response.status} ${JSON.stringify(body)}`,
    )
  }
  assert.ok(statuses[200] > 500 && statuses[400] > 500, JSON.stringify(statuses))
  assert.equal((await handler(post('['.repeat(1_000_000)))).status, 400)
  assert.equal((await handler(post(`{"query":"q","documents":${'['.repeat(5000)}${']'.repeat(5000)}}`))).status, 400)
})

test('a long run of any letter takes no more than its length', async () => {
  for (const letter of [' ', 'A', '=', ',']) {
    const run = letter.repeat(1e6)
    for (const text of [`iVBORw${run}!`, `data:image/png;base64,${run}!`, `data:video/jpeg;base64,${run}`, `${run}/rerank`]) {
      // The process's own time: others may hold the machine.
      const start = process.cpuUsage()
      for (const document of [{ image: text }, { video: text }]) await ask({ query: 'q', documents: [document] })
      const { user } = process.cpuUsage(start)
      assert.ok(user < 1e6, `${text.slice(0, 30)}: ${user} µs`)
    }
  }
})

test('a reranker that was closed is made again if the source is a function', async () => {
  const made = []
  const make = () => {
    const reranker = { ...scoredBy(() => 0.5), closed: false }
    made.push(reranker)
    return reranker
  }
  const handler = createRerankHandler(make)
  const ask = () => handler(post({ query: 'q', documents: ['a'] }))
  await Promise.all([ask(), ask()])
  assert.equal(made.length, 1)
  made[0].closed = true
  await Promise.all([ask(), ask(), ask()])
  assert.equal(made.length, 2)
  assert.equal(made[1].asked.length, 3)
})
