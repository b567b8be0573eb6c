// rerankHits with every shape of hit, and scores that are known in advance.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rerankHits } from '../../pkg/dist/index.js'
import { scoredBy } from './harness.mjs'

const byLength = () => scoredBy((text) => text.length / 100)
const ids = (ranked) => ranked.map(({ hit }) => hit.id)

test('hits come back best first, unchanged', async () => {
  const hits = [
    { id: 1, text: 'a' },
    { id: 2, text: 'aaa' },
    { id: 3, text: 'aa' },
  ].map(Object.freeze)
  const ranked = await rerankHits(byLength(), hits, { query: 'q' })
  assert.deepEqual(ids(ranked), [2, 3, 1])
  assert.deepEqual(
    ranked.map((entry) => entry.index),
    [1, 2, 0],
  )
  assert.deepEqual(
    ranked.map((entry) => entry.score),
    [0.03, 0.02, 0.01],
  )
  assert.equal(ranked[0].hit, hits[1])
})

test('of hits with the same id the first is kept', async () => {
  const reranker = byLength()
  const hits = [{ id: 1, text: 'first' }, { id: 1, text: 'second, longer' }, { text: 'none' }, { text: 'none' }]
  assert.equal((await rerankHits(reranker, hits, { query: 'q' })).length, 3)
  assert.deepEqual(reranker.asked[0].documents, ['first', 'none', 'none'])
  const own = await rerankHits(
    byLength(),
    [
      { key: 'x', text: 'a' },
      { key: 'x', text: 'b' },
    ],
    { query: 'q', id: 'key' },
  )
  assert.equal(own.length, 1)
})

test('of hits with the same id the first that has content is scored', async () => {
  const ranked = await rerankHits(
    byLength(),
    [
      { id: 1, text: '' },
      { id: 1, text: 'words' },
    ],
    { query: 'q' },
  )
  assert.deepEqual(
    ranked.map((entry) => [entry.index, entry.score]),
    [[1, 0.05]],
  )
})

test('hits without content, and those beyond the limit, follow in their old order', async () => {
  const reranker = byLength()
  const hits = [{ id: 1, text: ' ' }, { id: 2, text: 'a' }, { id: 3 }, { id: 4, text: 'aa' }, { id: 5, text: 'aaaa' }, { id: 6, text: 'a' }]
  const ranked = await rerankHits(reranker, hits, { query: 'q', limit: 4 })
  assert.deepEqual(ids(ranked), [4, 2, 1, 3, 5, 6])
  assert.deepEqual(
    ranked.slice(2).map((entry) => entry.score),
    [undefined, undefined, undefined, undefined],
  )
  assert.deepEqual(ids(await rerankHits(byLength(), hits, { query: 'q', limit: 4, top_n: 3 })), [4, 2, 1])
})

test('hits with the same id count once towards the limit', async () => {
  const reranker = byLength()
  const hits = [
    { id: 1, text: 'a' },
    { id: 1, text: 'aa' },
    { id: 1, text: 'aaa' },
    { id: 2, text: 'b' },
    { id: 3, text: 'c' },
  ]
  await rerankHits(reranker, hits, { query: 'q', limit: 2 })
  assert.deepEqual(reranker.asked[0].documents, ['a', 'b'])
  const handles = hits.map((data) => ({ data: async () => data }))
  await rerankHits(reranker, handles, { query: 'q', limit: 2, id: (data) => data.id })
  assert.deepEqual(reranker.asked[1].documents, ['a', 'b'])
  await rerankHits(reranker, hits, { query: 'q', limit: Number.NaN })
  assert.equal(reranker.asked.length, 2)
})

test('without any content the reranker is not called', async () => {
  const reranker = byLength()
  assert.deepEqual(await rerankHits(reranker, [], { query: 'q' }), [])
  assert.deepEqual(ids(await rerankHits(reranker, [{ id: 1 }, { id: 2 }], { query: 'q' })), [1, 2])
  assert.equal(reranker.asked.length, 0)
})

test('text from several fields, from paths and from functions; pictures beside it', async () => {
  const reranker = byLength()
  const hits = [
    { id: 'a', score: 2, document: { title: 'Title', body: 'Body', picture: '/a.png', tags: ['x', 'y'] } },
    { id: 'b', score: 1, document: { picture: '/b.png' } },
  ]
  await rerankHits(reranker, hits, {
    query: { text: 'q', image: '/q.png' },
    text: ['document.title', 'document.tags', (hit) => hit.document.body],
    image: 'document.picture',
    instruction: 'i',
    max_tokens_per_doc: 9,
  })
  assert.deepEqual(reranker.asked[0], {
    query: { text: 'q', image: '/q.png' },
    documents: [{ text: 'Title\nx\ny\nBody', image: ['/a.png'] }, { image: ['/b.png'] }],
    instruction: 'i',
    max_tokens_per_doc: 9,
  })
})

test('handles are opened up to the limit; one that fails does not fail the others', async () => {
  let opened = 0
  const handle = (id, content) => ({
    id,
    data: async () => {
      opened++
      if (!content) throw new Error('no fragment')
      return { url: `/${id}`, content }
    },
  })
  const ranked = await rerankHits(byLength(), [handle('a', 'a'), handle('b'), handle('c', 'ccc'), handle('d', 'dddd')], {
    query: 'q',
    text: 'content',
    limit: 3,
  })
  assert.deepEqual(ids(ranked), ['c', 'a', 'b', 'd'])
  assert.equal(opened, 3)
  assert.equal(ranked[0].data.url, '/c')
  assert.equal(ranked[2].error.message, 'no fragment')
  assert.equal(ranked[3].data, undefined)
})

test('each score is reported as it arrives, and an abort rejects', async () => {
  const seen = []
  await rerankHits(byLength(), [{ id: 1, text: 'a' }, { id: 2 }, { id: 3, text: 'aa' }], {
    query: 'q',
    onResult: ({ hit, score }) => seen.push([hit.id, score]),
  })
  assert.deepEqual(seen, [
    [1, 0.01],
    [3, 0.02],
  ])
  const signal = AbortSignal.abort()
  await assert.rejects(rerankHits(byLength(), [{ id: 1, text: 'a' }], { query: 'q', signal }), { name: 'AbortError' })
})

test('a hit whose picture is broken is kept, without a score and with the reason', async () => {
  const reranker = byLength()
  const broken = {
    rerank: async (...args) => {
      const response = await reranker.rerank(...args)
      response.results = response.results.filter(({ index }) => index !== 1)
      response.meta.failed = [{ index: 1, code: 'corrupt_image', message: 'documents[1]: it is cut' }]
      return response
    },
  }
  const ranked = await rerankHits(broken, [{ id: 1 }, { id: 2, text: 'a' }, { id: 3, text: 'long', image: '/broken.png' }, { id: 4, text: 'aa' }], {
    query: 'q',
    image: 'image',
  })
  assert.deepEqual(ids(ranked), [4, 2, 1, 3])
  assert.deepEqual([ranked[3].error.code, ranked[2].error], ['corrupt_image', undefined])
})

test('a field with no such value, or of another kind, counts as empty', async () => {
  const ranked = await rerankHits(
    byLength(),
    [
      { id: 1, text: 5 },
      { id: 2, text: null },
      { id: 3, other: { text: 'x' } },
    ],
    { query: 'q', text: ['text', 'other.none.deeper'] },
  )
  assert.deepEqual(ids(ranked), [1, 2, 3])
})
