// Each adapter with the real package that it is for, and scores of the real engine.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases, open } from '../browser/harness.mjs'
import { withBundle } from './harness.mjs'

const GOLDEN = cases('tiny-tied').find(({ name }) => name === 'several')
const TOLERANCE = 1e-5
const expected = GOLDEN.scores.map((score, index) => ({ index, score })).sort((a, b) => b.score - a.score)

let browser
let page
before(async () => {
  browser = await open()
  page = await withBundle(await browser.page(), 'peers.js')
  await page.evaluate(async () => {
    window.reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu' })
  })
})
after(() => browser?.close())

/** The golden order, and scores within tolerance. */
function golden(ranking) {
  assert.deepEqual(
    ranking.map(({ index }) => index),
    expected.slice(0, ranking.length).map(({ index }) => index),
  )
  ranking.forEach(({ score }, i) => assert.ok(Math.abs(score - expected[i].score) < TOLERANCE, `${score} is not ${expected[i].score}`))
}

for (const [sdk, version] of [
  ['ai', 'v4'],
  ['ai', 'v3'],
  ['ai6', 'v3'],
]) {
  test(`AI SDK: rerank() of ${sdk} with a ${version} model`, async () => {
    const result = await page.evaluate(
      async ({ sdk, version, request }) => {
        const model = createSecondpass(reranker, { specificationVersion: version }).reranking('tiny')
        const { ranking, rerankedDocuments, response, providerMetadata } = await window[sdk].rerank({
          model,
          query: request.query,
          documents: request.documents,
          topN: 3,
        })
        return { ranking, rerankedDocuments, modelId: response.modelId, id: response.id, metadata: providerMetadata.secondpass }
      },
      { sdk, version, request: GOLDEN.request },
    )
    golden(result.ranking.map(({ originalIndex, score }) => ({ index: originalIndex, score })))
    assert.deepEqual(
      result.rerankedDocuments,
      expected.slice(0, 3).map(({ index }) => GOLDEN.request.documents[index]),
    )
    assert.match(result.id, /^rerank-/)
    assert.ok(result.metadata.promptTokens > 0 && result.metadata.device)
  })
}

test('AI SDK: objects, options and warnings', async () => {
  const { objects, json, warned, direct } = await page.evaluate(async (request) => {
    const model = createSecondpass(Promise.resolve(reranker)).rerankingModel()
    const objects = await ai.rerank({
      model,
      query: request.query,
      documents: request.documents.map((text) => ({ text, id: text.length })),
      providerOptions: { secondpass: { instruction: 'find', maxTokensPerDoc: 4 } },
    })
    const call = { documents: { type: 'object', values: [{ title: 'a' }, { title: 'b' }] }, query: 'q', providerOptions: { secondpass: { colour: 'red' } } }
    const { warnings, ranking } = await model.doRerank(call)
    const direct = await reranker.rerank({ ...request, instruction: 'find', max_tokens_per_doc: 4 })
    return {
      objects: objects.ranking.map(({ originalIndex, score }) => [originalIndex, score]),
      json: ranking.length,
      warned: warnings.filter(({ type }) => type !== 'other'),
      direct: direct.results.map((r) => [r.index, r.relevance_score]),
    }
  }, GOLDEN.request)
  assert.deepEqual(objects, direct)
  assert.equal(json, 2)
  assert.deepEqual(warned, [
    { type: 'unsupported', feature: 'providerOptions.secondpass.colour' },
    { type: 'compatibility', feature: 'object documents', details: 'Objects without text, image or video are read as JSON.' },
  ])
})

test('AI SDK: errors keep their class and are not retried; an abort is an abort', async () => {
  const outcomes = await page.evaluate(async () => {
    let calls = 0
    const counted = { rerank: (...args) => (calls++, reranker.rerank(...args)) }
    const model = createSecondpass(counted).reranking()
    const picture = await outcome(() => ai.rerank({ model, query: 'q', documents: [{ image: 'data:image/png;base64,AAAA' }], maxRetries: 2 }))
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 30)
    const aborted = await outcome(() => ai.rerank({ model, query: 'q', documents: Array(300).fill('some text to read'), abortSignal: controller.signal }))
    const none = await outcome(async () => createSecondpass(counted).languageModel('x'))
    return { calls, picture: picture.error, aborted: aborted.error, none: none.error }
  })
  assert.equal(outcomes.calls, 2)
  assert.deepEqual([outcomes.picture.name, outcomes.picture.code, outcomes.picture.status], ['SecondpassError', 'invalid_request', 400])
  assert.equal(outcomes.aborted.name, 'AbortError')
  assert.match(outcomes.none.message, /no language models/)
})

test('AI SDK: the options of load, several models, a registry', async () => {
  const { order, loads, again } = await page.evaluate(async (request) => {
    const loads = []
    const provider = createSecondpass((id) => {
      loads.push(id)
      if (loads.length === 1) throw new Error('offline')
      return { model: `/models/${id}`, device: 'cpu' }
    })
    const model = provider.reranking('tiny-tied')
    const again = await outcome(() => ai.rerank({ model, query: 'q', documents: ['a'], maxRetries: 0 }))
    const registry = ai.createProviderRegistry({ secondpass: provider })
    const results = await Promise.all([model, registry.rerankingModel('secondpass:tiny-tied')].map((model) => ai.rerank({ model, ...request })))
    return {
      order: results.map(({ ranking }) => ranking.map(({ originalIndex, score }) => ({ index: originalIndex, score }))),
      loads,
      again: again.error.message,
    }
  }, GOLDEN.request)
  order.forEach(golden)
  assert.equal(again, 'offline')
  assert.deepEqual(loads, ['tiny-tied', 'tiny-tied'])
})

test('LangChain: a compressor keeps the best, with scores', async () => {
  const { kept, same, usual, isOne, isDocument, untouched } = await page.evaluate(async (request) => {
    const documents = request.documents.map((pageContent, i) => new Document({ pageContent, metadata: { source: i }, id: `d${i}` }))
    const compressor = new SecondpassRerank({ reranker: { model: '/models/tiny-tied', device: 'cpu', worker: '/dist/worker.js' } })
    const kept = await compressor.compressDocuments(documents, request.query)
    const same = await compressor.rerank(request.documents, request.query, { topN: Infinity, instruction: undefined })
    const usual = await compressor.rerank(request.documents, request.query, { topN: undefined })
    return {
      kept: kept.map(({ id, metadata }) => ({ id, metadata })),
      same,
      usual: usual.length,
      isOne: BaseDocumentCompressor.isBaseDocumentCompressor(compressor),
      isDocument: kept.every((d) => d instanceof Document),
      untouched: documents.every((d) => !('relevanceScore' in d.metadata)),
    }
  }, GOLDEN.request)
  assert.ok(isOne && isDocument && untouched)
  assert.equal(kept.length, 3)
  golden(kept.map(({ metadata }) => ({ index: metadata.source, score: metadata.relevanceScore })))
  assert.deepEqual(
    kept.map(({ id }) => id),
    expected.slice(0, 3).map(({ index }) => `d${index}`),
  )
  golden(same.map(({ index, relevanceScore }) => ({ index, score: relevanceScore })))
  assert.deepEqual([same.length, usual], [4, 3])
})

test('LangChain: pictures from metadata, aborts, an empty list', async () => {
  const { asked, aborted, empty } = await page.evaluate(async () => {
    const asked = []
    const counted = {
      rerank: (request, control) => (
        asked.push(request.documents), reranker.rerank({ ...request, documents: request.documents.map((d) => d.text ?? d) }, control)
      ),
    }
    const documents = [new Document({ pageContent: 'a', metadata: { image: '/a.png' } }), new Document({ pageContent: 'b' })]
    await new SecondpassRerank({ reranker: counted, image: 'image', topN: 1 }).compressDocuments(documents, 'q')
    await new SecondpassRerank({ reranker: counted, image: (d) => d.metadata.image && ['/x.png', d.metadata.image] }).compressDocuments(documents, 'q')
    const compressor = new SecondpassRerank({ reranker })
    const aborted = await outcome(() => compressor.rerank(['a'], 'q', { signal: AbortSignal.abort() }))
    return { asked, aborted: aborted.error.name, empty: await compressor.compressDocuments([], 'q') }
  })
  assert.deepEqual(asked, [
    [{ text: 'a', image: '/a.png' }, 'b'],
    [{ text: 'a', image: ['/x.png', '/a.png'] }, 'b'],
  ])
  assert.equal(aborted, 'AbortError')
  assert.deepEqual(empty, [])
})

test('hits of MiniSearch, Orama and Algolia get the golden order', async () => {
  const { mini, orama, algolia, partial } = await page.evaluate(async ({ query, documents }) => {
    const records = documents.map((text, id) => ({ id, text: `is ${text}` }))
    const plain = records.map((record, id) => ({ ...record, text: documents[id] }))
    const scores = (ranked, of) => ranked.map((entry) => ({ index: of(entry.hit), score: entry.score }))
    const { rerankHits } = secondpass

    const index = new MiniSearch({ fields: ['text'], storeFields: ['text'] })
    index.addAll(plain)
    const partial = []
    const mini = await rerankHits(reranker, index.search('is has large red', { combineWith: 'OR' }), {
      query,
      text: 'text',
      onResult: ({ hit, score }) => partial.push([hit.id, score]),
    })

    const db = window.orama.create({ schema: { key: 'number', text: 'string' } })
    await window.orama.insertMultiple(
      db,
      plain.map(({ id, text }) => ({ key: id, text })),
    )
    const found = await window.orama.search(db, { term: '', limit: 10 })
    const hits = await rerankHits(reranker, found.hits, { query, text: 'document.text' })

    const answer = { hits: plain.map(({ id, text }) => ({ objectID: `o${id}`, text, _highlightResult: { text: { value: text } } })) }
    answer.hits.push(answer.hits[0], { objectID: 'empty', text: '' })
    const ranked = await rerankHits(reranker, answer.hits, { query })
    return {
      mini: scores(mini, (h) => h.id),
      orama: scores(hits, (h) => h.document.key),
      algolia: ranked.map(({ hit, score }) => [hit.objectID, score]),
      partial: partial.length,
    }
  }, GOLDEN.request)
  golden(mini)
  assert.equal(mini.length, 4)
  assert.equal(partial, 4)
  golden(orama)
  assert.equal(orama.length, 4)
  assert.deepEqual(
    algolia.map(([id]) => id),
    [...expected.map(({ index }) => `o${index}`), 'empty'],
  )
  assert.equal(algolia[4][1], undefined)
})

test('a device that cannot run the model gets the fallback, and info says so; other errors do not', async () => {
  const seen = await page.evaluate(async () => {
    const { Reranker } = secondpass
    const remote = Reranker.remote({ url: '/v1/rerank', model: 'big' })
    const noWorker = {
      model: '/models/tiny-tied',
      worker: () => {
        throw new Error('no workers here')
      },
    }
    const fallen = await Reranker.load({ ...noWorker, fallback: remote })
    const made = await Reranker.load({ ...noWorker, fallback: () => Reranker.load({ model: '/models/tiny-untied', device: 'cpu' }) })
    const missing = await outcome(() => Reranker.load({ model: '/models/absent', device: 'cpu', fallback: remote }))
    const plain = await outcome(() => Reranker.load(noWorker))
    const refused = await outcome(() =>
      Reranker.load({
        ...noWorker,
        fallback: () => {
          throw new Error('no servers')
        },
      }),
    )
    const once = await secondpass.rerank({ ...noWorker, fallback: made, query: 'q', documents: ['a', 'b'] })
    return {
      once: once.results.length,
      same: fallen === remote,
      info: fallen.info,
      made: made.info.fallback_for.code,
      device: made.info.device,
      scores: (await made.rerank({ query: 'q', documents: ['a'] })).results.length,
      errors: [missing.error.code, plain.error.code, refused.error.message],
    }
  })
  assert.ok(seen.same)
  assert.equal(seen.once, 2)
  assert.deepEqual([seen.info.device, seen.info.model], ['remote', 'big'])
  assert.deepEqual(seen.info.fallback_for, { model: '/models/tiny-tied', code: 'worker_failed', message: 'The worker could not be started: no workers here' })
  assert.deepEqual([seen.made, seen.device, seen.scores], ['worker_failed', 'cpu', 1])
  assert.deepEqual(seen.errors, ['not_found', 'worker_failed', 'no servers'])
})

test('pictures that exist only in a page are sent to a server as PNG', async () => {
  const { bodies } = await page.evaluate(async () => {
    const bodies = []
    const fetcher = async (_, { body }) => (bodies.push(JSON.parse(body)), new Response(JSON.stringify({ results: [{ index: 0, relevance_score: 0.5 }] })))
    const remote = secondpass.Reranker.remote({
      url: '/v1/rerank',
      fetch: (url, init) => (String(url).startsWith('data:') || !init.body ? fetch(url, init) : fetcher(url, init)),
    })
    const canvas = Object.assign(document.createElement('canvas'), { width: 3, height: 2 })
    const bitmap = await createImageBitmap(new ImageData(4, 5))
    const image = new Image()
    image.src = '/fixtures/pictures/rgb8.png'
    await image.decode()
    await remote.rerank({
      query: 'q',
      documents: [{ image: canvas }, { image: bitmap }, { image: new ImageData(1, 1) }, { image }, { image: '/fixtures/pictures/rgb8.png' }],
    })
    return { bodies }
  })
  const urls = bodies[0].documents.map(({ content }) => content[0].image_url.url)
  urls.forEach((url) => assert.match(url, /^data:image\/png;base64,iVBORw0KGgo/))
  assert.equal(urls[3], urls[4])
})

test('a picture has the same score through every adapter', async () => {
  const scores = await page.evaluate(async () => {
    const seeing = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const paths = ['rgb8.png', '444-q30.jpg', 'grey8.png'].map((name) => `/fixtures/pictures/${name}`)
    const data = await Promise.all(
      paths.map(async (path) => {
        const blob = await (await fetch(path)).blob()
        return new Promise((done) => {
          const reader = new FileReader()
          reader.onload = () => done(reader.result)
          reader.readAsDataURL(blob)
        })
      }),
    )
    const query = 'a picture'
    const direct = await seeing.rerank({ query, documents: paths.map((image, i) => ({ text: `text ${i}`, image })) })
    const { ranking } = await ai.rerank({
      model: createSecondpass(seeing).reranking(),
      query,
      documents: data.map((image, i) => ({ text: `text ${i}`, image })),
    })
    const documents = paths.map((image, i) => new Document({ pageContent: `text ${i}`, metadata: { image } }))
    const compressed = await new SecondpassRerank({ reranker: seeing, image: 'image' }).rerank(documents, query)
    const hits = await secondpass.rerankHits(
      seeing,
      paths.map((image, id) => ({ id, text: `text ${id}`, image })),
      { query, image: 'image' },
    )
    const asked = await ai.rerank({
      model: createSecondpass(seeing).reranking(),
      query,
      documents: ['text'],
      providerOptions: { secondpass: { queryImage: data[0] } },
    })
    const both = await seeing.rerank({ query: { text: query, image: paths[0] }, documents: ['text'] })
    seeing.dispose()
    return {
      all: [
        direct.results.map((r) => [r.index, r.relevance_score]),
        ranking.map((r) => [r.originalIndex, r.score]),
        compressed.map((r) => [r.index, r.relevanceScore]),
        hits.map((r) => [r.index, r.score]),
      ],
      query: [asked.ranking[0].score, both.results[0].relevance_score],
    }
  })
  // Rounding only: the same prompts may be packed differently.
  const rounded = scores.all.map((list) => list.map(([index, score]) => [index, score.toFixed(5)]))
  rounded.slice(1).forEach((list) => assert.deepEqual(list, rounded[0]))
  assert.ok(Math.abs(scores.query[0] - scores.query[1]) < 1e-5)
})

test('a broken picture does not fail the others, and every adapter reports it', async () => {
  const seen = await page.evaluate(async () => {
    const seeing = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const documents = [{ text: 'a' }, { text: 'b', image: 'data:image/png;base64,AAAA' }, { text: 'c' }]
    const query = 'q'
    const model = createSecondpass(seeing).reranking()
    const answer = await model.doRerank({ documents: { type: 'object', values: documents }, query })
    const hits = await secondpass.rerankHits(
      seeing,
      documents.map((d, id) => ({ id, ...d })),
      { query, image: 'image' },
    )
    seeing.dispose()
    return {
      ranking: answer.ranking.map(({ index }) => index).sort(),
      warnings: answer.warnings.map(({ message }) => message),
      hits: hits.map(({ hit, score, error }) => [hit.id, score === undefined, error?.name]),
    }
  })
  assert.deepEqual(seen.ranking, [0, 2])
  assert.equal(seen.warnings.length, 1)
  assert.match(seen.warnings[0], /^documents\[1\] has no score: /)
  assert.deepEqual(seen.hits[2], [1, true, 'SecondpassError'])
})
