// Reranker.remote against servers and options that would lead a key or documents astray, and against answers that cannot be true.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Reranker, SecondpassError } from '../../pkg/dist/index.js'
import { serve } from './harness.mjs'

const BODY = { query: 'q', documents: ['a', 'bbb', 'cc'] }
const SECRET = 'k3y-of-the-test'
const json = (status, body, headers) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
const scored = (...scores) => json(200, { results: scores.map((relevance_score, index) => ({ index, relevance_score })) })

/** What each server was sent. */
let asked = []
let answer = () => scored(0.1, 0.2, 0.3)
let server
let other
before(async () => {
  other = await serve(async (request) => {
    asked.push({ at: 'other', headers: Object.fromEntries(request.headers), body: await request.text() })
    return scored(0.1, 0.2, 0.3)
  })
  server = await serve(async (request) => {
    asked.push({ at: 'server', headers: Object.fromEntries(request.headers) })
    return answer(request)
  })
})
after(() => Promise.all([server?.close(), other?.close()]))

function remote(options = {}) {
  asked = []
  return Reranker.remote({ url: `${server.url}/v1/rerank`, ...options })
}

/** A typed error that prints no secret. */
const refused = (work, code, message) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof SecondpassError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    assert.ok(!`${error.message} ${error.stack}`.includes(SECRET), error.message)
    return true
  })

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect with ${status} takes no key, no header and no document to another address`, async () => {
    answer = () => new Response(null, { status, headers: { location: `${other.url}/v1/rerank` } })
    const reranker = remote({ apiKey: SECRET, headers: { 'x-api-key': SECRET } })
    await refused(reranker.rerank(BODY), 'bad_response', /redirects to another address.*final address as url/)
    assert.deepEqual(
      asked.map(({ at }) => at),
      ['server'],
    )
  })
}

test('a key or header with a line break is refused without being printed', async () => {
  for (const options of [
    { apiKey: `${SECRET}\nx: y` },
    { apiKey: `${SECRET}\u{1f511}` },
    { headers: { 'x-api-key': `${SECRET}\r\nx: y` } },
    { headers: () => ({ 'x-api-key': `${SECRET}\0` }) },
    { headers: { 'a name with spaces': SECRET } },
  ]) {
    await refused(remote(options).rerank(BODY), 'invalid_request', /has a character that a header cannot have/)
    assert.equal(asked.length, 0)
  }
})

test('headers that cannot be made are a typed error', () =>
  refused(
    remote({
      headers: () => {
        throw new TypeError('no token today')
      },
    }).rerank(BODY),
    'unauthorized',
    /no token today/,
  ))

test('secrets in addresses are refused or not printed', async () => {
  const { host } = new URL(server.url)
  await refused(async () => Reranker.remote({ url: `http://user:${SECRET}@${host}/v1/rerank` }), 'invalid_request', /user name or a password/)
  await refused(Reranker.load({ model: `https://user:${SECRET}@example.org/model.gguf` }), 'invalid_request', /address of model holds a user name/)
  const closed = Reranker.remote({ url: `http://127.0.0.1:9/v1/rerank?key=${SECRET}`, maxRetries: 0 })
  assert.equal(closed.info.url, 'http://127.0.0.1:9/v1/rerank')
  await refused(closed.rerank(BODY), 'network', /The server http:\/\/127\.0\.0\.1:9\/v1\/rerank could not be reached/)
  const picture = { image: `http://user:${SECRET}@${host}/a.png` }
  await refused(remote().rerank({ query: 'q', documents: [picture] }), 'image_unavailable', /user name or a password/)
  answer = () => new Response(null, { status: 404 })
  await refused(remote().rerank({ query: 'q', documents: [{ image: `${server.url}/a.png?token=${SECRET}` }] }), 'image_unavailable', /\/a\.png could not/)
})

test('no wait is longer than a timer can be, and none is cut to nothing', async () => {
  const waits = ['1e10', '99999999999999999999', 'Infinity', '2147484']
  for (const wait of waits) {
    let calls = 0
    answer = () => (calls++, json(429, {}, { 'retry-after': wait }))
    await refused(remote({ maxRetryWaitMs: Infinity }).rerank(BODY), 'rate_limited', /429/)
    assert.equal(calls, 1, `${wait}: it was asked ${calls} times`)
  }
  // Within a timer's reach it waits.
  let calls = 0
  answer = () => (calls++, json(429, {}, { 'retry-after': '2000' }))
  await assert.rejects(remote({ maxRetryWaitMs: Infinity }).rerank(BODY, { signal: AbortSignal.timeout(300) }), { name: 'TimeoutError' })
  assert.equal(calls, 1)
})

test('scores that are none are refused, and taken as they are where they were asked for', async () => {
  for (const scores of [
    [77, -3, 0.5],
    [0.5, 1.01, 0.2],
    [-0.1, 0.5, 0.5],
  ]) {
    answer = () => scored(...scores)
    await refused(remote().rerank(BODY), 'bad_response', /not between 0 and 1; with raw_scores: true/)
    const { results } = await remote().rerank({ ...BODY, raw_scores: true })
    assert.equal(results[0].relevance_score, Math.max(...scores))
  }
  answer = () => scored(1 + 5e-7, -5e-7, 0.5)
  assert.deepEqual(
    (await remote().rerank(BODY)).results.map(({ relevance_score }) => relevance_score),
    [1, 0.5, 0],
  )
})

test('answers without a score and malformed failures are refused', async () => {
  const results = [{ index: 0, relevance_score: 0.5 }]
  const failure = { index: 1, code: 'corrupt_image', message: 'cut' }
  const bad = [
    [],
    { results: [] },
    { data: [] },
    { results: {} },
    { results: [null] },
    { results: [[0, 0.5]] },
    { results, meta: { failed: 'all' } },
    { results, meta: { failed: [null] } },
    { results, meta: { failed: [{ ...failure, index: 7 }] } },
    { results, meta: { failed: [{ ...failure, index: 0 }] } },
    { results, meta: { failed: [failure, failure] } },
    { results, meta: { failed: [{ ...failure, code: 5 }] } },
    { results, meta: { failed: [{ ...failure, message: undefined }] } },
  ]
  for (const body of bad) {
    answer = () => json(200, body)
    await refused(remote().rerank(BODY), 'bad_response', /cannot be used/)
  }
  answer = () => json(200, { results, meta: { failed: [failure] } })
  const response = await remote().rerank(BODY)
  assert.deepEqual([response.results.length, response.meta.failed], [1, [failure]])
  await assert.rejects(remote().rerank(BODY, { strict: true }), { code: 'corrupt_image' })
})

test('a caller that changes its documents meanwhile gets those that were asked about', async () => {
  answer = () => scored(0.1, 0.3, 0.2)
  const documents = ['a', 'bbb', 'cc']
  const running = remote().rerank({ query: 'q', documents, return_documents: true })
  documents.splice(0, 3, 'x')
  assert.deepEqual(
    (await running).results.map(({ document }) => document.text),
    ['bbb', 'cc', 'a'],
  )
})

test('lone surrogates are replaced in all that a server is sent', async () => {
  let body
  answer = async (request) => {
    body = await request.text()
    return scored(0.1)
  }
  await remote({ model: 'm\ud800' }).rerank({ query: 'q\ud800', documents: [{ text: ['\udc00'] }], instruction: 'i\ud83d', own: '\ud801' })
  assert.ok(!/\\ud[89a-f]/i.test(body), body)
})

test('a callback that throws is reported, and does not end the request', async () => {
  answer = () => scored(0.1, 0.2, 0.3)
  const caught = []
  globalThis.reportError = (error) => caught.push(error.message)
  try {
    const onResult = () => {
      throw new Error('own')
    }
    assert.equal((await remote().rerank(BODY, { onResult })).results.length, 3)
  } finally {
    delete globalThis.reportError
  }
  assert.deepEqual(caught, ['own', 'own', 'own'])
})
