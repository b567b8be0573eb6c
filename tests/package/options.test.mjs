// Options, requests and addresses as people get them wrong: each is refused before anything is started, in a sentence that says
// what to write. What a server is not asked and what a worker is not sent is the same here, so Node is enough.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cache, Embedder, Reranker, rerank, rerankHits, SecondpassError } from '../../pkg/dist/index.js'
import { source } from './harness.mjs'

const MODEL = '/models/tiny-tied'
const never = () => assert.fail('a server was asked')
const remote = Reranker.remote({ url: 'https://example.org/v1/rerank', fetch: never })

/** Every call is refused with 400 and a sentence that matches. */
async function refused(calls) {
  for (const [call, message] of calls) {
    await assert.rejects(
      async () => call(),
      (error) => {
        assert.ok(error instanceof SecondpassError, `${call}: ${error}`)
        assert.deepEqual([error.code, error.status], ['invalid_request', 400], `${call}`)
        assert.match(error.message, message, `${call}`)
        assert.ok(error.message.length < 500, error.message)
        return true
      },
      `${call}`,
    )
  }
}

test('options of a load', () =>
  refused([
    [() => Reranker.load(), /options are missing; write Reranker\.load\(\{ model: 'hf:/],
    [() => Reranker.load(null), /options are missing/],
    [() => Reranker.load(MODEL), /write Reranker\.load\(\{ model: "\/models\/tiny-tied" \}\)/],
    [() => Reranker.load(new URL('https://example.org/m/')), /write Reranker\.load\(\{ model: "https:\/\/example\.org\/m\/" \}\)/],
    [() => Reranker.load({}), /the model is missing/],
    [() => Reranker.load({ model: '' }), /model must be an address/],
    [() => Reranker.load({ model: ['a'] }), /model must be an address/],
    [() => Reranker.load({ model: MODEL, vision: 7 }), /vision must be an address/],
    [() => Reranker.load({ model: MODEL, devise: 'cpu' }), /no "devise"; did you mean device\?/],
    [() => Reranker.load({ model: MODEL, max_image_pixels: 5 }), /did you mean maxImagePixels/],
    [() => Reranker.load({ model: MODEL, top_n: 5 }), /no "top_n"; there are model, hub, vision, /],
    [() => Reranker.load({ model: MODEL, constructor: 5 }), /no "constructor"/],
    [() => Reranker.load({ model: MODEL, device: 5 }), /device must be a string/],
    [() => Reranker.load({ model: MODEL, cache: true }), /cache must be 'auto', /],
    [() => Reranker.load({ model: MODEL, maxImagePixels: Number.NaN }), /maxImagePixels must be a whole number/],
    [() => Reranker.load({ model: MODEL, integrity: 5 }), /integrity must be a string, or an object/],
    [() => Reranker.load({ model: MODEL, worker: 5 }), /worker must be an address.*, or a function/],
    [() => Reranker.load({ model: MODEL, fallback: 'yes' }), /fallback must be/],
    [() => Reranker.load({ model: MODEL }, { onprogress: () => {} }), /did you mean onProgress\?/],
    [() => Reranker.load({ model: MODEL }, { onProgress: 5 }), /onProgress must be a function/],
    [() => Reranker.load({ model: MODEL }, { signal: new AbortController() }), /signal must be an AbortSignal/],
    [() => Reranker.load({ model: MODEL }, null), /control of a load must be an object/],
    [() => cache.add(), /write cache\.add\(/],
    [() => cache.add({ model: MODEL, devise: 'cpu' }), /did you mean device/],
    [() => cache.delete(), /write cache\.delete\(url\)/],
    [() => cache.delete(''), /write cache\.delete\(url\)/],
    [() => cache.verify(), /write cache\.verify\(url\)/],
    [() => cache.list({ wurker: '/w.js' }), /did you mean worker/],
  ]))

test('an embedding model’s options', () =>
  refused([
    [() => Embedder.load(), /options are missing; write Embedder\.load\(/],
    [() => Embedder.load({ model: MODEL, promts: {} }), /did you mean prompts/],
    [() => Embedder.load({ model: MODEL, fallback: remote }), /no "fallback"/],
    [() => Embedder.load({ model: MODEL }, { onresult: 1 }), /no "onresult"/],
    [() => cache.add({ model: MODEL, tsk: 'embed' }), /did you mean task/],
  ]))

test('requests, in the page and for a server', () => {
  const ask = (request, control) => remote.rerank(request, control)
  return refused([
    [() => ask(), /must be an object: rerank\(\{ query, documents \}\)/],
    [() => ask({ query: 'q', documents: 'abc' }), /documents must be a list; write documents: \[document\]/],
    [() => ask({ query: 'q', documents: { text: 'a' } }), /documents must be a list/],
    // biome-ignore lint/suspicious/noSparseArray: its first document is missing.
    [() => ask({ query: 'q', documents: [, 'a'] }), /documents\[0\]/],
    [() => ask({ query: 'q', documents: ['a'], topN: 3 }), /no "topN"; did you mean top_n\?/],
    [() => ask({ query: 'q', documents: ['a'], returnDocuments: true }), /did you mean return_documents\?/],
    [() => ask({ query: 'q', documents: ['a'], top_n: 0 }), /top_n must be a whole number, 1 or more; leave it out for all/],
    [() => ask({ query: 'q', documents: ['a'], top_n: Number.NaN }), /top_n must be/],
    [() => ask({ query: 'q', documents: ['a'], top_n: Infinity }), /top_n must be/],
    [() => ask({ query: 'q', documents: ['a'], top_n: '3' }), /top_n must be/],
    [() => ask({ query: 'q', documents: ['a'], max_length: -1 }), /max_length must be/],
    [() => ask({ query: 'q', documents: ['a'], fps: 0 }), /fps must be a number above 0/],
    [() => ask({ query: 'q', documents: ['a'], raw_scores: 1 }), /raw_scores must be true or false/],
    [() => ask({ query: 'q', documents: ['a'], instruction: 5 }), /instruction must be a string/],
    [() => ask({ query: 'q', documents: ['a'] }, { onresult: () => {} }), /did you mean onResult\?/],
    [() => ask({ query: 'q', documents: ['a'] }, { strict: () => true }), /strict must be true or false/],
    [() => ask({ query: 'q', documents: ['a'] }, { signal: {} }), /signal must be/],
    [() => rerank(), /write rerank\(\{ model, query, documents \}\)/],
    [() => rerank({ model: MODEL, query: 'q', documents: ['a'], devise: 'cpu' }), /did you mean device/],
    [() => rerank({ model: MODEL, query: 'q', documents: ['a'], topN: 3 }), /did you mean top_n/],
    [() => rerank({ query: 'q', documents: ['a'] }), /the model is missing/],
    [() => rerank({ model: MODEL, query: 'q', documents: ['a'] }, { onresults: 1 }), /did you mean onResult/],
  ])
})

test('what cannot be read is a typed error', async () => {
  const circular = { text: ['a'] }
  circular.text.push(circular)
  const throwing = {
    query: 'q',
    get documents() {
      throw new TypeError('no')
    },
  }
  const unprintable = {
    query: 'q',
    get documents() {
      throw Object.create(null)
    },
  }
  await refused([
    [() => remote.rerank({ query: 'q', documents: [circular] }), /text must be a string/],
    [() => remote.rerank({ query: 'q', documents: ['a'], own: 1n }), /could not be read/],
    [() => remote.rerank(throwing), /could not be read \(no\)/],
    [() => remote.rerank(unprintable), /could not be read/],
  ])
})

test('a server’s options', () =>
  refused([
    [() => Reranker.remote(), /write Reranker\.remote\(\{ url: /],
    [() => Reranker.remote('https://example.org'), /write Reranker\.remote/],
    [() => Reranker.remote({}), /write Reranker\.remote/],
    [() => Reranker.remote({ url: '' }), /url must be an address/],
    [() => Reranker.remote({ url: 'example.org/v1/rerank' }), /must begin with https/],
    [() => Reranker.remote({ url: 'ftp://example.org' }), /must begin with https/],
    [() => Reranker.remote({ url: 'https://example.org', apikey: 'k' }), /did you mean apiKey/],
    [() => Reranker.remote({ url: 'https://example.org', format: 'cohere' }), /one of rerank, jina, tei/],
    [() => Reranker.remote({ url: 'https://example.org', maxRetries: Number.NaN }), /maxRetries must be a number/],
    [() => Reranker.remote({ url: 'https://example.org', headers: 'x' }), /headers must be/],
  ]))

test('hits and their options', () =>
  refused([
    [() => rerankHits(), /write rerankHits\(/],
    [() => rerankHits(remote), /write rerankHits\(/],
    [() => rerankHits(remote, [{ text: 'a' }]), /write rerankHits\(/],
    [() => rerankHits(remote, 'abc', { query: 'q' }), /hits must be a list/],
    [() => rerankHits(remote, [{ text: 'a' }], {}), /query must be provided/],
    [() => rerankHits(remote, [{ text: 'a' }], { query: 'q', topN: 3 }), /did you mean top_n/],
    [() => rerankHits(remote, [{ text: 'a' }], { query: 'q', fields: ['a'] }), /no "fields"; there are query, text/],
    [() => rerankHits(remote, [{ text: 'a' }], { query: 'q', top_n: 0 }), /top_n must be/],
    [() => rerankHits(remote, [{ text: 'a' }], { query: 'q', limit: Number.NaN }), /limit must be/],
    [() => rerankHits(undefined, [{ text: 'a' }], { query: 'q' }), /the first argument must be a reranker/],
    [() => rerankHits(remote, ['a text'], { query: 'q' }), /hits\[0\] must be an object/],
  ]))

test('the name that is meant is found, and no other', async () => {
  const { nearestName } = await source('spelling')
  const names = ['top_n', 'return_documents', 'max_tokens_per_doc', 'instruction', 'fps', 'model']
  const meant = { topN: 'top_n', TOP_N: 'top_n', 'top-n': 'top_n', top_k: 'top_n', returnDocuments: 'return_documents', retrun_documents: 'return_documents' }
  const beginnings = { max_tokens: 'max_tokens_per_doc', instruct: 'instruction', modle: 'model' }
  for (const [name, expected] of Object.entries({ ...meant, ...beginnings })) assert.equal(nearestName(name, names), expected, name)
  for (const name of ['', 'x', 'user', 'texts', 'priority', 'fp16', 'id', 'x'.repeat(1e6)]) assert.equal(nearestName(name, names), undefined, name.slice(0, 20))
})
