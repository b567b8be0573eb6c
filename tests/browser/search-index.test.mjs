// The search index in a page: what it finds, in which stages, and what the next visit finds.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { hashedVector, passages } from './pages/search-parts.js'
import { begin, searchPage } from './search.mjs'

let browser, page
before(async () => {
  ;({ browser, page } = await begin())
})
after(() => browser?.close())
afterEach(async () => assert.deepEqual(await page.evaluate(() => window.unhandled.splice(0)), [], 'promises that nobody waited for'))

const K = 60
/** How far a cosine may be from the exact one. */
const ROUNDING = 0.004
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0)
const unit = (vector) => Array.from(vector, (x) => x / Math.sqrt(dot(Array.from(vector), Array.from(vector))))

/** Exact cosines in double precision, best first. */
function nearest(documents, query, textOf, dimensions = 64) {
  const wanted = unit(hashedVector(query, dimensions))
  return documents
    .map((document) => ({ id: document.id, score: dot(unit(hashedVector(textOf(document), dimensions)), wanted) }))
    .sort((a, b) => b.score - a.score)
}

/** Reciprocal ranks, summed. */
function fused(...lists) {
  const sums = {}
  for (const list of lists) for (const [i, id] of list.entries()) sums[id] = (sums[id] ?? 0) + 1 / (K + i + 1)
  return sums
}

for (const storage of ['opfs', 'cache-api', 'memory']) {
  test(`documents are found by keywords and by vectors, in stages, in ${storage}`, async () => {
    const seen = await page.evaluate(async (storage) => {
      const embedder = hashedEmbedder()
      const index = await SearchIndex.open(`stages-${storage}`, { fields: ['title', 'text'], embedder, storage })
      await index.add(passages(300))
      const stages = []
      const { results, stages: reports, warnings } = await index.search('copper lighthouse term17', { onStage: (update) => stages.push(update) })
      const { info } = index
      index.dispose()
      return { stages, results, reports, warnings, info, calls: embedder.calls }
    }, storage)
    assert.deepEqual(
      seen.stages.map(({ stage, done }) => [stage, done]),
      [
        ['keywords', true],
        ['vectors', true],
      ],
    )
    assert.deepEqual(
      seen.reports.map(({ stage, state, found }) => [stage, state, found]),
      [
        ['keywords', 'done', 50],
        ['vectors', 'done', 50],
        ['reranked', 'skipped', 0],
      ],
    )
    assert.ok(seen.stages[0].results.every(({ ranks }) => ranks.vectors === undefined && ranks.keywords === ranks.fused))
    assert.deepEqual(seen.stages[1].results, seen.results)
    assert.equal(seen.results.length, 10)
    assert.deepEqual(
      seen.results.map(({ ranks }) => ranks.fused),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    )
    assert.ok(seen.results[0].words.includes('copper') || seen.results[0].words.includes('lighthouse'))
    assert.deepEqual(seen.warnings, [])
    assert.deepEqual([seen.info.documents, seen.info.vectors.text, seen.info.missing, seen.info.storage, seen.calls], [300, 300, 0, storage, 301])
  })
}

test('the next visit finds the same without embedding anything again', async () => {
  const once = await page.evaluate(async () => {
    const index = await SearchIndex.open('visits', { fields: ['title', 'text'], embedder: hashedEmbedder() })
    await index.add(passages(500))
    const { results } = await index.search('velvet thunder', { top_n: 20 })
    index.dispose()
    return { results, storage: index.info.storage }
  })
  assert.equal(once.storage, 'opfs')
  const other = await searchPage(browser)
  const again = await other.evaluate(async () => {
    const embedder = hashedEmbedder()
    const index = await SearchIndex.open('visits', { fields: ['title', 'text'], embedder })
    await index.settled()
    const before = embedder.calls
    await index.add(passages(500))
    const { results } = await index.search('velvet thunder', { top_n: 20 })
    return { results, before, calls: embedder.calls, info: index.info, unhandled: window.unhandled }
  })
  assert.deepEqual(again.results, once.results)
  assert.deepEqual([again.before, again.calls, again.info.documents, again.info.warnings], [0, 1, 500, []])
  assert.deepEqual(again.unhandled, [])
  await page.close()
  page = other
})

test('cosines are exact but for rounding, and the fused order is that of reciprocal ranks', async () => {
  const documents = passages(400)
  const queries = ['harbour captain', 'term5 orchard', 'a storm near the island', 'violin marble term250 reef']
  for (const query of queries) {
    const { keywords, vectors, both } = await page.evaluate(async (query) => {
      window.fusing ??= await SearchIndex.open('fusing', { fields: ['title', 'text'], embedder: hashedEmbedder(), storage: 'memory' })
      if (window.fusing.info.documents === 0) await window.fusing.add(passages(400))
      const all = { top_n: 100, limit: 50 }
      const keywords = await window.fusing.search(query, { ...all, mode: 'keywords' })
      const vectors = await window.fusing.search(query, { ...all, mode: 'vectors' })
      const both = await window.fusing.search(query, all)
      return { keywords: keywords.results, vectors: vectors.results, both: both.results }
    }, query)
    const exact = new Map(nearest(documents, query, ({ title, text }) => `${title}\n${text}`).map(({ id, score }) => [id, score]))
    // Rounding to 8 bits may swap neighbours whose cosines are nearly equal.
    const worst = [...exact.values()][49] - 2 * ROUNDING
    assert.equal(vectors.length, 50)
    for (const { id, scores } of vectors) assert.ok(Math.abs(scores.vectors - exact.get(id)) < ROUNDING && exact.get(id) > worst, `${query}: ${id}`)
    const expected = fused(
      keywords.map(({ id }) => id),
      vectors.map(({ id }) => id),
    )
    assert.equal(both.length, Object.keys(expected).length, query)
    for (const { id, score, scores, ranks } of both) {
      assert.ok(Math.abs(score - expected[id]) < 1e-12, `${query}: ${id} ${score} ${expected[id]}`)
      const place = vectors.findIndex((hit) => hit.id === id)
      assert.equal(ranks.vectors, place < 0 ? undefined : place + 1, `${query}: ${id}`)
      assert.equal(scores.vectors, vectors[place]?.scores.vectors)
      const word = keywords.findIndex((hit) => hit.id === id)
      assert.equal(ranks.keywords, word < 0 ? undefined : word + 1)
    }
    assert.deepEqual(
      both.map(({ score }) => score),
      both.map(({ score }) => score).sort((a, b) => b - a),
    )
  }
})

test('a filter holds for every stage, and is asked about few documents', async () => {
  const { results, asked } = await page.evaluate(async () => {
    let asked = 0
    const index = window.fusing
    const filter = ({ id }) => {
      asked++
      return Number(id.slice(1)) % 10 === 3
    }
    const { results } = await index.search('copper', { filter, mode: 'vectors', top_n: 40, limit: 40 })
    const few = asked
    const both = await index.search('copper', { filter, top_n: 100 })
    return { results: both.results.concat(results), asked: few }
  })
  assert.ok(results.length >= 40)
  assert.ok(results.every(({ id }) => id.endsWith('3')))
  assert.ok(asked <= 400)
})

test('with a real reranker the best candidates are in its order, and its scores arrive one by one', async () => {
  const { stages, results, direct, reports } = await page.evaluate(async () => {
    const reranker = secondpass.Reranker.load({ model: '/fixtures/encoder/bert/', device: 'cpu', cache: 'memory' })
    const index = await SearchIndex.open('reranked', { fields: ['title', 'text'], embedder: hashedEmbedder(), reranker, storage: 'memory' })
    await index.add(passages(200))
    const query = 'anchor and compass'
    const stages = []
    const { results, stages: reports } = await index.search(query, { limit: 12, top_n: 24, onStage: (update) => stages.push(update) })
    const candidates = stages.find(({ stage }) => stage === 'vectors').results.slice(0, 12)
    const documents = candidates.map(({ document }) => `${document.title}\n${document.text}`)
    const answer = await (await reranker).rerank({ query, documents })
    ;(await reranker).dispose()
    return { stages, results, reports, direct: answer.results.map(({ index, relevance_score }) => [candidates[index].id, relevance_score]) }
  })
  assert.deepEqual([...new Set(stages.map(({ stage }) => stage))], ['keywords', 'vectors', 'reranked'])
  assert.deepEqual(
    results.slice(0, 12).map(({ id, scores }) => [id, scores.reranked]),
    direct,
  )
  assert.deepEqual(
    results.slice(0, 12).map(({ ranks }) => ranks.reranked),
    direct.map((_, i) => i + 1),
  )
  assert.ok(results.slice(12).every(({ ranks, score, scores }) => ranks.reranked === undefined && score === scores.fused))
  assert.equal(reports[2].found, 12)
  assert.equal(stages.at(-1).done, true)
  assert.ok(stages.filter(({ stage, done }) => stage === 'reranked' && done).length === 1)
})

test('blended, the order of the reranker is one of three', async () => {
  const seen = await page.evaluate(async () => {
    // By the number in the id, the highest first: far from what keywords and vectors say.
    const reranker = {
      rerank: async ({ documents }) => ({
        results: documents.map((text, index) => ({ index, relevance_score: Number(/term(\d+)/.exec(text)?.[1] ?? 0) / 1000, logit: 0 })),
        meta: { warnings: [], failed: [] },
      }),
    }
    const index = await SearchIndex.open('blend', { fields: ['title', 'text'], embedder: hashedEmbedder(), reranker, storage: 'memory' })
    await index.add(passages(300))
    const options = { limit: 20, top_n: 20 }
    const alone = await index.search('copper lighthouse term17', options)
    const blended = await index.search('copper lighthouse term17', { ...options, blend: true })
    index.dispose()
    return { alone: alone.results, blended: blended.results }
  })
  const sums = ({ ranks }) => [ranks.keywords, ranks.vectors, ranks.reranked].reduce((sum, rank) => sum + (rank === undefined ? 0 : 1 / (10 + rank)), 0)
  assert.deepEqual(
    seen.alone.map(({ ranks }) => ranks.reranked),
    seen.alone.map((_, i) => i + 1),
  )
  const own = seen.blended.filter(({ ranks }) => ranks.reranked !== undefined)
  assert.ok(own.length >= 18)
  for (const hit of seen.blended) assert.ok(Math.abs(hit.score - sums(hit)) < 1e-9, JSON.stringify(hit.ranks))
  const scores = seen.blended.map(({ score }) => score)
  assert.deepEqual(
    scores,
    [...scores].sort((a, b) => b - a),
  )
  assert.notDeepEqual(
    seen.blended.map(({ id }) => id),
    seen.alone.map(({ id }) => id),
  )
})

test('several vector fields are fused, and the chosen field is reranked', async () => {
  const { hits, only, requests, input } = await page.evaluate(async () => {
    const embedder = hashedEmbedder()
    const asked = []
    const reranker = {
      async rerank({ documents }, { onResult } = {}) {
        asked.push(documents)
        const results = documents.map((document, index) => ({ index, relevance_score: 1 / (1 + document.length) }))
        for (const result of results) onResult?.(result)
        return { id: 'r', model: 'by length', results: results.sort((a, b) => b.relevance_score - a.relevance_score), usage: {}, meta: { warnings: [] } }
      },
    }
    const vectors = { words: { text: 'caption' }, picture: { image: 'photo', instruction: 'Find the picture.' } }
    const index = await SearchIndex.open('pictures', { fields: ['caption'], id: 'sku', vectors, embedder, reranker, storage: 'memory' })
    await index.add([
      { sku: 1, caption: 'a red boat', photo: 'boat.png' },
      { sku: 2, caption: '', photo: 'red-boat.png' },
      { sku: 3, caption: 'a boat that is red and very long', photo: null },
      { sku: 4, caption: 'unrelated' },
    ])
    const before = embedder.calls
    const { results: hits } = await index.search('red boat', { rerank_field: 'caption', topn: 5 })
    const { results: only } = await index.search('red-boat.png', { vectors: ['picture'], mode: 'vectors', rerank: false })
    return { hits, only, input: before, requests: embedder.requests.map(({ input, instruction, input_type }) => ({ input, instruction, input_type })) }
  })
  // Six contents: three captions that are not empty, and two pictures.
  assert.equal(input, 5)
  assert.deepEqual(requests[1], { input: [{ image: ['boat.png'] }, { image: ['red-boat.png'] }], instruction: 'Find the picture.', input_type: 'document' })
  assert.equal(requests.at(-1).input_type, 'query')
  // Number 2 has no caption, so it is left out.
  assert.deepEqual(
    hits.map(({ id }) => id),
    [4, 1, 3],
  )
  assert.deepEqual(Object.keys(hits[1].fields).sort(), ['picture', 'words'])
  assert.equal(hits[1].ranks.vectors, Math.min(...Object.values(hits[1].fields)))
  assert.deepEqual(only.map(({ id }) => id).sort(), [1, 2])
  assert.equal(only[0].id, 2)
})

test('changed documents are found as they are now, and only what changed is embedded again', async () => {
  const seen = await page.evaluate(async () => {
    const embedder = hashedEmbedder()
    const vectors = { title: { text: 'title' }, text: { text: 'text' } }
    const index = await SearchIndex.open('changes', { fields: ['title', 'text'], vectors, embedder })
    await index.add(passages(40))
    const counts = [embedder.calls]
    await index.add(passages(40))
    counts.push(embedder.calls)
    await index.update([{ id: 'p3', title: 'unmistakable' }])
    counts.push(embedder.calls)
    const found = (await index.search('unmistakable', { mode: 'keywords' })).results.map(({ id }) => id)
    const removed = await index.remove(['p3', 'p4', 'nobody'])
    const gone = (await index.search('unmistakable', { mode: 'keywords' })).results.map(({ id }) => id)
    const missing = await outcome(() => index.update([{ id: 'p3', title: 'x' }]))
    const { documents } = index.info
    index.dispose()
    const again = await SearchIndex.open('changes', { fields: ['title', 'text'], vectors, embedder })
    await again.settled()
    const state = [again.info.documents, again.info.vectors, again.get('p3'), again.get('p5').id, embedder.calls]
    await again.clear()
    const cleared = again.info.documents
    again.dispose()
    const empty = await SearchIndex.open('changes', { fields: ['title', 'text'], vectors })
    return { counts, found, removed, gone, missing, documents, state, cleared, empty: empty.info.documents }
  })
  assert.deepEqual(seen.counts, [80, 80, 81])
  assert.deepEqual([seen.found, seen.removed, seen.gone, seen.documents], [['p3'], 2, [], 38])
  assert.equal(seen.missing.error.code, 'not_found')
  assert.deepEqual(seen.state, [38, { title: 38, text: 38 }, undefined, 'p5', 81])
  assert.deepEqual([seen.cleared, seen.empty], [0, 0])
})

test('an abort ends a search and an indexing, and the newest search wins', async () => {
  const seen = await page.evaluate(async () => {
    const embedder = hashedEmbedder('slow', { delay: 200 })
    const index = await SearchIndex.open('aborts', { fields: ['title', 'text'], embedder, storage: 'memory' })
    const controller = new AbortController()
    const adding = outcome(() =>
      index.add(passages(200), { signal: controller.signal, onProgress: ({ stage, loaded }) => stage === 'embed' && loaded >= 32 && controller.abort() }),
    )
    const added = await adding
    const kept = index.info
    const own = new AbortController()
    const stages = []
    const searching = outcome(() => index.search('copper', { signal: own.signal, onStage: ({ stage }) => stages.push(stage) }))
    setTimeout(() => own.abort(new DOMException('typed on', 'AbortError')), 60)
    const at = performance.now()
    const aborted = await searching
    const took = performance.now() - at
    const older = outcome(() => index.search('copper'))
    const kept1 = outcome(() => index.search('violin', { keepEarlier: true }))
    const newer = outcome(() => index.search('marble', { keepEarlier: true }))
    const both = [await kept1, await newer].map(({ ok }) => Boolean(ok))
    const oldest = outcome(() => index.search('rope'))
    const newest = await index.search('sail')
    return { added, kept, aborted, took, stages, older: await older, oldest: await oldest, newest: newest.results.length, both }
  })
  assert.equal(seen.added.error.name, 'AbortError')
  assert.deepEqual([seen.kept.documents, seen.kept.vectors.text], [200, 32])
  assert.equal(seen.aborted.error.message, 'typed on')
  assert.deepEqual(seen.stages, ['keywords'])
  assert.ok(seen.took < 190, `${seen.took} ms`)
  assert.ok(seen.older.ok, 'a search that was told to let others go on aborted one')
  assert.deepEqual(seen.both, [true, true])
  assert.equal(seen.oldest.error.name, 'AbortError')
  assert.equal(seen.newest, 10)
})

test('a stage that fails is said, and the others go on', async () => {
  const seen = await page.evaluate(async () => {
    const failing = () => {
      throw Object.assign(new Error('no vectors today'), { code: 'network' })
    }
    const make = (options) => SearchIndex.open('failing', { fields: ['title', 'text'], storage: 'memory', ...options })
    const broken = await make({ embedder: hashedEmbedder('x', { failing }) })
    const added = await outcome(() => broken.add(passages(50)))
    const partial = await broken.search('copper')
    const alone = await outcome(() => broken.search('copper', { mode: 'vectors' }))
    const unknown = await make({ embedder: { embed: () => {}, info: {} } })
    const nameless = await outcome(() => unknown.add(passages(1)))
    const picky = hashedEmbedder('picky')
    const whole = picky.embed.bind(picky)
    picky.embed = async (request, control) => {
      const answer = await whole(request, control)
      const failed = request.input.flatMap((text, index) =>
        String(text).includes('copper') ? { index, code: 'corrupt_image', message: 'copper is not read' } : [],
      )
      return { ...answer, data: answer.data.filter(({ index }) => !failed.some((other) => other.index === index)), meta: { failed } }
    }
    const some = await make({ embedder: picky })
    await some.add(passages(60))
    const without = passages(60).filter(({ title, text }) => `${title} ${text}`.includes('copper')).length
    const told = { without, info: some.info, query: await some.search('copper') }
    const short = await make({ embedder: { info: { identity: 'short' }, embed: async () => ({ data: [] }) } })
    const wrong = await outcome(() => short.add(passages(2)))
    return { added, partial, alone, nameless, told, wrong }
  })
  assert.equal(seen.added.error.message, 'no vectors today')
  assert.equal(seen.partial.results.length, 10)
  assert.deepEqual(
    seen.partial.stages.map(({ state }) => state),
    ['done', 'failed', 'skipped'],
  )
  assert.match(seen.partial.warnings.join(' '), /no vectors today/)
  assert.equal(seen.alone.error.message, 'no vectors today')
  assert.equal(seen.nameless.error.code, 'invalid_request')
  assert.equal(seen.wrong.error.code, 'bad_response')
  // Inputs that an embedder refuses are named, and the others have their vectors.
  assert.ok(seen.told.without > 5 && seen.told.without < 55)
  assert.deepEqual([seen.told.info.vectors.text, seen.told.info.warnings.length], [60 - seen.told.without, seen.told.without])
  assert.match(seen.told.info.warnings[0], /copper is not read/)
  assert.deepEqual([seen.told.query.stages[1].state, seen.told.query.stages[1].error.code], ['failed', 'corrupt_image'])
})

test('vectors of another model are made anew, which is said', async () => {
  const seen = await page.evaluate(async () => {
    const first = hashedEmbedder('model-a')
    const index = await SearchIndex.open('models', { fields: ['title', 'text'], embedder: first })
    await index.add(passages(100))
    index.dispose()
    const events = []
    const second = hashedEmbedder('model-b', { dimensions: 32, salt: 5 })
    const again = await SearchIndex.open('models', { fields: ['title', 'text'], embedder: second }, { onProgress: (event) => events.push(event) })
    const early = await again.search('copper', { mode: 'keywords' })
    await again.settled()
    const late = await again.search('copper', { mode: 'vectors' })
    const { info } = again
    again.dispose()
    const third = hashedEmbedder('model-b', { dimensions: 32, salt: 5 })
    const last = await SearchIndex.open('models', { fields: ['title', 'text'], embedder: third })
    await last.settled()
    return { events, early: early.results.length, late: late.results.length, info, calls: [second.calls, third.calls], warnings: last.info.warnings }
  })
  assert.equal(seen.events[0].stage, 'rebuild')
  assert.match(seen.events[0].message, /another model/)
  assert.deepEqual([seen.events.at(-1).stage, seen.events.at(-1).loaded, seen.events.at(-1).total], ['embed', 100, 100])
  assert.deepEqual([seen.early, seen.late], [10, 10])
  assert.match(seen.info.warnings.join(' '), /another model/)
  assert.deepEqual(seen.calls, [101, 0])
  assert.deepEqual(seen.warnings, [])
})

test('words of any script, with or without spaces between them, and the beginning of the last one', async () => {
  const found = await page.evaluate(async () => {
    const index = await SearchIndex.open('scripts', { fields: ['text'], storage: 'memory' })
    const texts = ['Crème brûlée, frisch', '東京都の天気予報', 'Ёлка стоит', 'ภาษาไทย', 'ＦＵＬＬ width', 'हिन्दी में खोज']
    await index.add(texts.map((text, id) => ({ id, text })))
    const queries = ['creme', 'BRUL', '天気', '京都', 'ёлк', 'ไทย', 'full', 'हिन्दी', 'brulle']
    return Promise.all(queries.map(async (query) => (await index.search(query, { keepEarlier: true })).results.map(({ id }) => id)))
  })
  assert.deepEqual(found, [[0], [0], [1], [1], [2], [3], [4], [5], [0]])
})

test('what an index cannot keep is refused with a code', async () => {
  const codes = await page.evaluate(async () => {
    const index = await SearchIndex.open('refused', { fields: ['text'], storage: 'memory' })
    const cyclic = { id: 1 }
    cyclic.self = cyclic
    const tries = [
      () => index.add([{ text: 'no id' }]),
      () => index.add([{ id: '', text: 'x' }]),
      () => index.add([{ id: 'x'.repeat(3000), text: 'x' }]),
      () => index.add([{ id: 1, text: new Blob(['x']) }]),
      () => index.add(['text']),
      () => index.search('x', { limit: 0 }),
      () => index.search('x', { top_n: 1.5 }),
      () => index.search('x', { mode: 'vectors' }),
      () => index.search('x', { mode: 'both' }),
      () => index.search('x', { rerank: true }),
      () => index.search('x', { vectors: ['none'] }),
      () => SearchIndex.open('', { fields: ['a'] }),
      () => SearchIndex.open('x', { fields: [] }),
      () => SearchIndex.open('x', { fields: ['a'], vectors: { a: {} } }),
      () => SearchIndex.open('x', { fields: ['a'], storage: 'disk' }),
    ]
    const codes = []
    for (const work of tries) {
      const { error } = await outcome(work)
      codes.push(error && `${error.name} ${error.code}`)
    }
    index.dispose()
    codes.push((await outcome(() => index.search('x'))).error.code)
    // One class of errors in a page, whichever entry threw it.
    codes.push(await index.add([]).catch((error) => error instanceof secondpass.SecondpassError))
    return codes
  })
  assert.deepEqual(codes.slice(0, -2), Array(15).fill('SecondpassError invalid_request'))
  assert.deepEqual(codes.slice(-2), ['disposed', true])
})
