// rerankHits with hits of several searches, as the published multi-vector reranker takes them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rerankHits } from '../../pkg/dist/index.js'
import { scoredBy } from './harness.mjs'

const byLength = () => scoredBy((text) => text.length / 100)
const ids = (ranked) => ranked.map(({ hit }) => hit.id)
const TITLE = [
  { id: 'a', body: 'aaa' },
  { id: 'b', body: '' },
  { id: 'c', body: 'c' },
]
const BODY = [
  { id: 'c', body: 'other text of c' },
  { id: 'b', body: 'bb' },
  { id: 'd', body: ' dddd ' },
]

for (const [form, lists] of Object.entries({ 'by name': { title: TITLE, body: BODY }, 'one after the other': [TITLE, BODY] })) {
  test(`lists ${form}: the first hit of an id that has content counts, and all are reranked together`, async () => {
    const reranker = byLength()
    const ranked = await rerankHits(reranker, lists, { query: 'q', rerank_field: 'body' })
    assert.deepEqual(reranker.asked[0].documents, ['aaa', 'c', 'bb', 'dddd'])
    assert.deepEqual(ids(ranked), ['d', 'a', 'b', 'c'])
    // Positions in the lists, one after the other.
    assert.deepEqual(
      ranked.map(({ index }) => index),
      [5, 0, 4, 2],
    )
    assert.equal(ranked[3].hit, TITLE[2])
  })
}

test('hits in which the field is empty are left out; with `text` they come last', async () => {
  const lists = { title: [{ id: 1, text: '  ' }, { id: 2 }], body: [{ id: 3, text: 'words' }] }
  assert.deepEqual(ids(await rerankHits(byLength(), lists, { query: 'q', rerank_field: 'text' })), [3])
  assert.deepEqual(ids(await rerankHits(byLength(), lists, { query: 'q', text: 'text' })), [3, 1, 2])
})

test('ten are returned, or as many as `topn` says; all of several lists are scored', async () => {
  const lists = [40, 40].map((count, list) => Array.from({ length: count }, (_, i) => ({ id: `${list}-${i}`, body: 'x'.repeat(1 + list * 40 + i) })))
  const reranker = byLength()
  const ranked = await rerankHits(reranker, lists, { query: 'q', rerank_field: 'body' })
  assert.equal(reranker.asked[0].documents.length, 80)
  assert.deepEqual([ranked.length, ranked[0].hit.id], [10, '1-39'])
  assert.equal((await rerankHits(byLength(), lists, { query: 'q', rerank_field: 'body', topn: 3 })).length, 3)
  assert.equal((await rerankHits(byLength(), lists, { query: 'q', text: 'body' })).length, 80)
  assert.equal((await rerankHits(byLength(), lists[0], { query: 'q', text: 'body', topn: 4 })).length, 4)
})

test('no hits give none; an empty query, and hits without any content, are refused', async () => {
  const options = { query: 'q', rerank_field: 'body' }
  for (const none of [[], [[], []], {}, { title: [] }]) assert.deepEqual(await rerankHits(byLength(), none, options), [])
  await assert.rejects(rerankHits(byLength(), [TITLE], { ...options, query: ' ' }), { code: 'invalid_request' })
  await assert.rejects(rerankHits(byLength(), [[{ id: 1, body: '' }]], options), { code: 'invalid_request' })
})

test('meta is handed on for lists too; a hit that fails stays, without a score', async () => {
  const broken = { id: 'e', body: 'x'.repeat(4 * 2 ** 20 + 1) }
  const ranked = await rerankHits(byLength(), { title: TITLE, body: [broken] }, { query: 'q', rerank_field: 'body' })
  assert.deepEqual(ids(ranked), ['a', 'c', 'e'])
  assert.equal(ranked[2].error.status, 413)
  assert.equal(ranked.meta.device, 'cpu')
  // Its position in the lists, one after the other.
  assert.deepEqual(
    ranked.meta.failed.map(({ index }) => index),
    [3],
  )
})

test('lists, and the options for them, are checked', async () => {
  const wrong = [
    [{ title: TITLE }, { rerank_field: 'bdoy' }, /^invalid request: rerank_field: no hit has "bdoy"; did you mean "body"/],
    [{ title: TITLE }, { rerank_field: ['body'] }, /rerank_field must be the name of a field/],
    [{ title: TITLE }, { rerank_field: 'body', topn: 0 }, /topn must be a whole number/],
    [{ hits: TITLE, total: 3 }, { text: 'body' }, /hits must be a list, or an object of lists/],
    [{ title: ['a'] }, { text: 'body' }, /hits\[0\] must be an object/],
    [[TITLE, TITLE[0]], { text: 'body' }, /hits\[0\] must be an object/],
  ]
  for (const [lists, options, message] of wrong) {
    await assert.rejects(rerankHits(byLength(), lists, { query: 'q', ...options }), { code: 'invalid_request', message }, `${message}`)
  }
})

test('a limit counts for several lists together; hits beyond it come last', async () => {
  const reranker = byLength()
  const ranked = await rerankHits(reranker, [TITLE, BODY], { query: 'q', rerank_field: 'body', limit: 3 })
  assert.deepEqual(reranker.asked[0].documents, ['aaa', 'c'])
  assert.deepEqual(ids(ranked), ['a', 'c', 'b', 'd'])
})
