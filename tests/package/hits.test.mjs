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
  await rerankHits(reranker, hits, { query: 'q', limit: 0 })
  assert.equal(reranker.asked.length, 2)
})

test('without any content the reranker is not called', async () => {
  const reranker = byLength()
  assert.deepEqual(await rerankHits(reranker, [], { query: 'q' }), [])
  const empty = [
    { id: 1, text: '' },
    { id: 2, text: null },
  ]
  assert.deepEqual(ids(await rerankHits(reranker, empty, { query: 'q' })), [1, 2])
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
    { query: 'q', text: ['text', 'other.text', 'none.deeper.still'] },
  )
  assert.deepEqual(ids(ranked), [3, 1, 2])
  assert.deepEqual(ranked.meta.warnings, ['text: no hit has "none.deeper.still"'])
})

test('the answer’s meta is handed on, and is no item of the list', async () => {
  const ranked = await rerankHits(byLength(), [{ id: 1, text: 'a' }], { query: 'q', top_n: 1 })
  assert.equal(ranked.meta.device, 'cpu')
  assert.deepEqual(Object.keys(ranked), ['0'])
  assert.equal((await rerankHits(byLength(), [], { query: 'q' })).meta, undefined)
})

test('a field that no hit has is told at once, with the one that was probably meant', async () => {
  const reranker = byLength()
  const hits = [
    { id: 1, title: 'A', document: { body: 'long text', meta: { author: 'x' } } },
    { id: 2, title: 'B', document: { body: 'text' } },
  ]
  const wrong = [
    [{}, /text: no hit has "text"; hits have id, title, document, document\.body/],
    [{ text: 'titel' }, /no hit has "titel"; did you mean "title"/],
    [{ text: 'body' }, /did you mean "document\.body"/],
    [{ text: 'document.bdoy' }, /did you mean "document\.body"/],
    [{ text: ['title', 'document.boddy'] }, /did you mean "document\.body"/],
    [{ text: 'title', image: 'ttile' }, /image: no hit has "ttile"; did you mean "title"/],
    [{ text: 'title', id: 'idd' }, /id: no hit has "idd"; did you mean "id"/],
    [{ text: ['abstract', 'summary'] }, /no hit has "abstract" or "summary"; hits have/],
    [{ text: 5 }, /text must be the name of a field, or a function/],
    [{ text: ({ none }) => none.deeper }, /a field's function failed \(Cannot read/],
  ]
  for (const [options, message] of wrong) {
    await assert.rejects(rerankHits(reranker, hits, { query: 'q', ...options }), { name: 'SecondpassError', code: 'invalid_request', message }, `${message}`)
  }
  const handles = hits.map((data) => ({ data: async () => data }))
  await assert.rejects(rerankHits(reranker, handles, { query: 'q', text: 'titel' }), { message: /did you mean "title"/ })
  assert.equal(reranker.asked.length, 0)
  const { meta } = await rerankHits(reranker, hits, { query: 'q', text: ['title', 'subject'], image: 'picture' })
  assert.deepEqual(meta.warnings, ['text: no hit has "subject"', 'image: no hit has "picture"'])
  // Hits of pictures need no text.
  await rerankHits(reranker, [{ id: 1, thumbnail: '/a.png' }], { query: 'q', image: 'thumbnail' })
  assert.deepEqual(reranker.asked.at(-1).documents, [{ image: ['/a.png'] }])
})

test('a hit that a request would be refused for fails alone', async () => {
  const reranker = byLength()
  const seen = []
  const hits = [
    { id: 1, text: 'a' },
    { id: 2, text: 'x'.repeat(4 * 2 ** 20 + 1) },
    { id: 3, text: 'bbb', image: 7 },
    { id: 4, text: 'cc' },
    { id: 5, text: 'é'.repeat(2 * 2 ** 20 + 1) },
  ]
  const text = (hit) => {
    if (hit.id === 4) throw new TypeError('own')
    return hit.text
  }
  const ranked = await rerankHits(reranker, hits, { query: 'q', text, image: 'image', onResult: ({ index }) => seen.push(index) })
  assert.deepEqual(ids(ranked), [1, 2, 3, 4, 5])
  assert.deepEqual(
    ranked.map(({ error }) => [error?.code, error?.status]),
    [
      [undefined, undefined],
      ['invalid_request', 413],
      ['invalid_request', 400],
      ['invalid_request', 400],
      ['invalid_request', 413],
    ],
  )
  assert.match(ranked[1].error.message, /longer than 4194304 bytes/)
  assert.deepEqual(
    ranked.meta.failed.map(({ index }) => index),
    [1, 2, 3, 4],
  )
  assert.deepEqual(seen, [0])
  assert.deepEqual(reranker.asked[0].documents, ['a'])
})

test('hits that do not fit into one request together fail, the first ones do not', async () => {
  const reranker = byLength()
  const hits = Array.from({ length: 20 }, (_, id) => ({ id, text: `${id} ${'x'.repeat(4e6)}` }))
  const ranked = await rerankHits(reranker, hits, { query: 'q' })
  const { length } = reranker.asked[0].documents
  assert.ok(length >= 5 && length < 16, `${length} were sent`)
  assert.equal(ranked.filter(({ error }) => error?.status === 413).length, 20 - length)
  assert.ok(ranked.filter(({ error }) => error).every(({ index }) => index >= length))
})

test('more hits than a request may hold are not sent, whatever the limit says', async () => {
  const reranker = byLength()
  const hits = Array.from({ length: 1200 }, (_, id) => ({ id, text: 'a' }))
  assert.equal((await rerankHits(reranker, hits, { query: 'q', limit: Infinity })).length, 1200)
  assert.equal(reranker.asked[0].documents.length, 1000)
})

test('a callback that throws does not end the call', async () => {
  const caught = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => caught.push(error.message))
  try {
    const onResult = () => {
      throw new Error('own')
    }
    const ranked = await rerankHits(
      byLength(),
      [
        { id: 1, text: 'a' },
        { id: 2, text: 'b' },
      ],
      { query: 'q', onResult },
    )
    assert.deepEqual(
      ranked.map(({ score }) => score),
      [0.01, 0.01],
    )
    await new Promise((done) => setTimeout(done))
    assert.deepEqual(caught, ['own', 'own'])
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
})
