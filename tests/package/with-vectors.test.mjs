// Vectors in documents, for engines that keep them there: which documents get one, of what, and what is refused. Real engines are in
// peers-embeddings.test.mjs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, insertMultiple, search } from '@orama/orama'
import { Embedder, SecondpassError } from 'secondpass'
import { queryVector, withVectors } from 'secondpass/search'
import { FakeEmbedder } from 'secondpass/testing'
import { serve } from './harness.mjs'

/** The vector of a text by the embedder itself. */
const vectorOf = async (text, more = {}) => (await new FakeEmbedder().embed({ input: text, ...more })).data[0].embedding
const inputsOf = (fake) => fake.requests.map(({ request }) => request.input)
const close = (a, b) => assert.ok(a.length === b.length && a.every((value, i) => Math.abs(value - b[i]) < 1e-6), `${a} is not ${b}`)
const rejects = (promise, message, more = {}) => assert.rejects(promise, { name: 'SecondpassError', code: 'invalid_request', status: 400, message, ...more })

test('each document gets the vector of its content, in a copy; without content it has no such field', async () => {
  const documents = [
    { id: 1, text: 'red planet' },
    { id: 2, text: ' ' },
    { id: 3 },
    { id: 4, text: 'a moon', embedding: [1, 2] },
    { id: 5, text: '', embedding: [3] },
  ]
  const before = structuredClone(documents)
  documents.forEach(Object.freeze)
  const fake = new FakeEmbedder()
  const placed = await withVectors(fake, documents)
  assert.deepEqual(documents, before)
  assert.deepEqual(inputsOf(fake), [['red planet', 'a moon']])
  assert.equal(fake.requests[0].request.input_type, 'document')
  close(placed[0].embedding, await vectorOf('red planet'))
  close(placed[3].embedding, await vectorOf('a moon'))
  assert.ok(Array.isArray(placed[0].embedding))
  assert.deepEqual([placed[1], placed[2], placed[4]], [{ id: 2, text: ' ' }, { id: 3 }, { id: 5, text: '' }])
  assert.deepEqual([placed[0].id, placed[0].text], [1, 'red planet'])
  assert.deepEqual(Object.keys(placed), ['0', '1', '2', '3', '4'])
  assert.deepEqual(placed.meta, { failed: [], warnings: [] })
})

test('text from several fields, from paths and from functions; pictures beside it; a field of another name, or in an object', async () => {
  const asked = []
  const seeing = {
    info: { identity: 'mine' },
    embed: async (request) => (asked.push(request), { data: request.input.map((_, index) => ({ index, embedding: Float32Array.of(3, 4) })) }),
  }
  const documents = [
    { title: 'Title', meta: { tags: ['x', 'y'], photo: '/a.png' }, body: 'Body', _vectors: { other: [1], words: [9] } },
    { title: '', meta: { photo: '/b.png' } },
    { title: 'none' },
    { title: '', _vectors: { words: [9] } },
    { title: '', _vectors: null },
  ]
  const options = { text: ['title', 'meta.tags', (document) => document.body], image: 'meta.photo', into: '_vectors.words', dimensions: 2, instruction: 'i' }
  const placed = await withVectors(Promise.resolve(seeing), documents, options)
  const input = [{ text: 'Title\nx\ny\nBody', image: ['/a.png'] }, { image: ['/b.png'] }, 'none']
  assert.deepEqual(asked, [{ input, input_type: 'document', instruction: 'i', dimensions: 2 }])
  const near = (vector) => close(vector, [0.6, 0.8])
  for (const { _vectors } of placed.slice(0, 3)) near(_vectors.words)
  assert.deepEqual(placed[0]._vectors.other, [1])
  assert.deepEqual(placed.slice(3), [
    { title: '', _vectors: {} },
    { title: '', _vectors: null },
  ])
  assert.deepEqual(documents[0]._vectors, { other: [1], words: [9] })
  const named = await withVectors(seeing, [{ photo: '/a.png' }], { image: 'photo', into: 'vector' })
  near(named[0].vector)
})

test('batches are of bounded number and size, progress counts what has content, an abort ends the work', async () => {
  const documents = Array.from({ length: 100 }, (_, id) => ({ id, text: id % 4 === 0 ? '' : `number ${id}` }))
  const fake = new FakeEmbedder()
  const seen = []
  const placed = await withVectors(fake, documents, { onProgress: ({ loaded, total }) => seen.push([loaded, total]) })
  assert.deepEqual(
    inputsOf(fake).map(({ length }) => length),
    [32, 32, 11],
  )
  assert.deepEqual(seen, [
    [32, 75],
    [64, 75],
    [75, 75],
  ])
  for (const { id, embedding } of placed) {
    if (id % 4 === 0) assert.equal(embedding, undefined)
    else close(embedding, await vectorOf(`number ${id}`))
  }

  const large = new FakeEmbedder()
  await withVectors(large, Array(20).fill({ text: 'x'.repeat(4e6) }))
  const sizes = inputsOf(large).map(({ length }) => length)
  assert.ok(sizes.length > 1 && sizes.every((size) => size * 4e6 < 64 << 20), `${sizes}`)

  for (const stopAfter of [1, 3]) {
    const stopped = new FakeEmbedder()
    const controller = new AbortController()
    let batches = 0
    const onProgress = () => ++batches === stopAfter && controller.abort()
    await assert.rejects(withVectors(stopped, documents, { signal: controller.signal, onProgress }), { name: 'AbortError' })
    assert.equal(stopped.requests.length, stopAfter)
  }
  const slow = new FakeEmbedder({ delayMs: 60_000 })
  const reason = new Error('left')
  await assert.rejects(withVectors(slow, documents, { signal: AbortSignal.abort(reason) }), reason)
  assert.equal(slow.requests.length, 0)
  const controller = new AbortController()
  const running = withVectors(slow, documents, { signal: controller.signal })
  setTimeout(() => controller.abort(reason), 20)
  await assert.rejects(running, reason)
  await assert.rejects(queryVector(slow, 'q', { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' })
})

test('a field that no document has is told at once, with the one that was probably meant', async () => {
  const fake = new FakeEmbedder()
  const documents = [
    { title: 'A', meta: { body: 'long text' } },
    { title: 'B', meta: { body: 'text' } },
  ]
  await rejects(withVectors(fake, documents), /text: no document has "text"; documents have title, meta, meta\.body/)
  await rejects(withVectors(fake, documents, { text: 'titel' }), /no document has "titel"; did you mean "title"/)
  await rejects(withVectors(fake, documents, { text: ['title', 'body'] }), /did you mean "meta\.body"/)
  await rejects(withVectors(fake, documents, { text: 'title', image: 'ttile' }), /image: no document has "ttile"; did you mean "title"/)
  await rejects(withVectors(fake, documents, { text: ({ none }) => none.deeper }), /a field's function failed \(Cannot read/)
  assert.equal(fake.requests.length, 0)
  const { meta } = await withVectors(fake, documents, { text: ['title', 'subject'], image: 'picture' })
  assert.deepEqual(meta.warnings, ['text: no document has "subject"', 'image: no document has "picture"'])
})

test('wrong arguments are refused in a sentence, before anything is embedded', async () => {
  const fake = new FakeEmbedder()
  const documents = [{ text: 'a' }, { text: 'b', embedding: 'c', deep: { list: ['d'] } }]
  const wrong = [
    [[undefined, documents], /the first argument must be an embedder, or a promise of one: withVectors/],
    [[{ rerank() {} }, documents], /must be an embedder/],
    [[fake, 'text'], /documents must be a list/],
    [[fake, ['text']], /documents\[0\] must be an object with fields/],
    [[fake, [{ text: 'a' }, null]], /documents\[1\] must be an object/],
    [[fake, documents, 'title'], /the options of withVectors must be an object/],
    [[fake, documents, { texts: 'text' }], /options of withVectors have no "texts"; did you mean text\?/],
    [[fake, documents, { text: 5 }], /text must be the name of a field, or a function/],
    [[fake, documents, { into: '' }], /into must be the name of a field, or a path to one/],
    [[fake, documents, { into: 'a..b' }], /into must be/],
    [[fake, documents, { dimensions: 0 }], /dimensions must be a whole number, 1 or more/],
    [[fake, documents, { signal: {} }], /signal must be an AbortSignal/],
    [[fake, documents, { onProgress: 'x' }], /onProgress must be a function/],
    // A vector does not replace what a document says.
    [[fake, documents], /into: there is something else at "embedding" of documents\[1\]; name a field of its own/],
    [[fake, documents, { into: 'text' }], /into: there is something else at "text" of documents\[0\]/],
    [[fake, documents, { into: 'deep.list' }], /something else at "deep\.list" of documents\[1\]/],
    [[fake, documents, { into: 'text.vector' }], /something else at "text\.vector" of documents\[0\]/],
  ]
  for (const [call, message] of wrong) await rejects(withVectors(...call), message)
  await rejects(queryVector(fake), /query must be provided/)
  await rejects(queryVector('q', fake), /must be an embedder, or a promise of one: queryVector/)
  await rejects(queryVector(fake, 'q', { dimension: 3 }), /options of queryVector have no "dimension"; did you mean dimensions\?/)
  assert.equal(fake.requests.length, 0)
  // The embedder's own errors name the argument.
  await rejects(queryVector(fake, 'q', { dimensions: 65 }), /dimensions must be at most 64/)
  await rejects(queryVector(fake, { text: 5 }), 'invalid request: query: text must be a string')
})

test('absent options count as their defaults; names that every object inherits are fields like others', async () => {
  const fake = new FakeEmbedder()
  const options = { text: null, image: undefined, into: null, dimensions: null, instruction: null, signal: undefined, onProgress: null }
  const [document] = await withVectors(fake, [{ text: 'a' }], options)
  assert.deepEqual(document, { text: 'a', embedding: await vectorOf('a') })
  const [odd] = await withVectors(fake, [{ text: 'a' }], { into: '__proto__.vector' })
  assert.equal(Object.getPrototypeOf(odd), Object.prototype)
  assert.ok(Object.hasOwn(odd, '__proto__'))
  assert.equal({}.vector, undefined)
  assert.deepEqual(await withVectors(fake, []), [])
  const { length } = fake.requests
  assert.deepEqual(await withVectors(fake, [{ text: '' }]), [{ text: '' }])
  assert.equal(fake.requests.length, length)
})

test('content that cannot be read, or embedded, fails alone, and is named by its place among the documents', async () => {
  const documents = [
    { text: '' },
    { text: 'one' },
    { text: 'x'.repeat(4 * 2 ** 20 + 1) },
    { text: 'three', image: 7 },
    { text: 'four', image: '/broken.png' },
    { text: 'five' },
  ]
  const listing = {
    info: { identity: 'a' },
    embed: async ({ input }) => ({
      data: input.flatMap((content, index) => (content.image ? [] : [{ index, embedding: [1, 0] }])),
      meta: {
        failed: input.flatMap((content, index) => (content.image ? [{ index, code: 'corrupt_image', message: `input[${index}]: it is cut` }] : [])),
        warnings: ['input[2] was too long'],
      },
    }),
  }
  const calls = []
  const throwing = {
    info: { identity: 'b' },
    embed: async ({ input }) => {
      calls.push(input.length)
      const broken = input.findIndex((content) => content.image)
      if (broken >= 0) throw new SecondpassError('image_unavailable', 400, `input[${broken}]: it is not there`)
      return { data: input.map((_, index) => ({ index, embedding: [1, 0] })) }
    },
  }
  for (const [embedder, code, message] of [
    [listing, 'corrupt_image', 'documents[4]: it is cut'],
    [throwing, 'image_unavailable', 'documents[4]: it is not there'],
  ]) {
    const placed = await withVectors(embedder, documents, { image: 'image' })
    assert.deepEqual(
      placed.map(({ embedding }) => embedding),
      [undefined, [1, 0], undefined, undefined, undefined, [1, 0]],
    )
    const { failed, warnings } = placed.meta
    assert.deepEqual(
      failed.map(({ index, code }) => [index, code]),
      [
        [2, 'invalid_request'],
        [3, 'invalid_request'],
        [4, code],
      ],
    )
    assert.match(failed[0].message, /^documents\[2\]: its text is longer than 4194304 bytes/)
    assert.match(failed[1].message, /documents\[3\]/)
    assert.equal(failed[2].message, message)
    assert.deepEqual(warnings, embedder === listing ? ['documents[5] was too long'] : [])
  }
  assert.deepEqual(calls, [3, 1, 1, 1])
  await rejects(queryVector(throwing, { image: '/broken.png' }), 'query: it is not there', { code: 'image_unavailable' })
})

test('answers that do not fit, and failures of the embedder, are errors', async () => {
  const answering = (embed) => ({ info: { identity: 'x' }, embed })
  const documents = Array.from({ length: 40 }, (_, i) => ({ text: `t${i}` }))
  const of = (lengthOf) => answering(async ({ input }) => ({ data: input.map((_, index) => ({ index, embedding: Array(lengthOf(input)).fill(1) })) }))
  const bad = { name: 'SecondpassError', code: 'bad_response' }
  await assert.rejects(
    withVectors(
      of(({ length }) => length),
      documents,
    ),
    { ...bad, message: /vectors of 8 numbers instead of 32/ },
  )
  await assert.rejects(
    withVectors(
      of(() => 3),
      documents,
      { dimensions: 2 },
    ),
    { ...bad, message: /of 3 numbers instead of 2/ },
  )
  await assert.rejects(
    queryVector(
      of(() => 3),
      'q',
      { dimensions: 2 },
    ),
    bad,
  )
  await assert.rejects(
    withVectors(
      answering(async () => ({ data: [] })),
      documents,
    ),
    { ...bad, message: /was given 32 inputs/ },
  )
  await assert.rejects(
    withVectors(
      answering(async () => ({ data: [{ index: 0, embedding: [NaN] }] })),
      [{ text: 'a' }],
    ),
    bad,
  )
  await assert.rejects(withVectors(new FakeEmbedder({ fail: (_, call) => (call === 1 ? 'device_lost' : undefined) }), documents), { code: 'device_lost' })
  await assert.rejects(withVectors(Promise.reject(new Error('offline')), documents), /offline/)
  const fake = new FakeEmbedder()
  fake.dispose()
  await assert.rejects(withVectors(fake, documents), { name: 'SecondpassError', code: 'disposed' })
})

test('Embedder.remote: the server is told which are documents and which the query', async () => {
  const bodies = []
  const server = await serve(async (request) => {
    const body = await request.json()
    bodies.push(body)
    const data = await Promise.all(body.input.map(async (text, index) => ({ object: 'embedding', index, embedding: await vectorOf(text) })))
    return Response.json({ object: 'list', data, model: 'm', usage: { prompt_tokens: 1, total_tokens: 1 } })
  })
  try {
    const remote = Embedder.remote({ url: `${server.url}/v1/embeddings`, model: 'm' })
    const placed = await withVectors(remote, [{ text: 'red planet' }, { text: 'blue moon' }])
    close(placed[1].embedding, await vectorOf('blue moon'))
    close(await queryVector(remote, 'planet'), await vectorOf('planet'))
    assert.deepEqual(
      bodies.map(({ input }) => input),
      [['red planet', 'blue moon'], ['planet']],
    )
  } finally {
    await server.close()
  }
})

test('Orama finds the documents by their vectors', async () => {
  const fake = new FakeEmbedder()
  const db = create({ schema: { title: 'string', embedding: 'vector[64]' } })
  const titles = ['the moon and the tide', 'a red planet', '', 'dogs', 'the red moon']
  await insertMultiple(
    db,
    await withVectors(
      fake,
      titles.map((title) => ({ title })),
      { text: 'title' },
    ),
  )
  const vector = { value: await queryVector(fake, 'the red moon'), property: 'embedding' }
  const { hits } = await search(db, { mode: 'vector', vector, similarity: 0.01 })
  assert.deepEqual(
    hits.map(({ document }) => document.title),
    ['the red moon', 'the moon and the tide', 'a red planet'],
  )
  assert.deepEqual(fake.requests.at(-1).request, { input: ['the red moon'], input_type: 'query' })
})
