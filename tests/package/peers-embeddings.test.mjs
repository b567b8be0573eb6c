// The adapters for embeddings with the real packages that they are for, and vectors of the real engine.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { open } from '../browser/harness.mjs'
import { withBundle } from './harness.mjs'

const { cases } = JSON.parse(readFileSync(join(ROOT, 'tests', 'fixtures', 'embedding', 'xlm-roberta-prompts', 'cases.json'), 'utf8'))
const of = (name) => cases.find((one) => one.name === name)
const TEXTS = of('query').request.input
const MODEL = { model: '/fixtures/embedding/xlm-roberta-prompts', device: 'cpu', dtype: 'f32', worker: '/dist/worker.js' }

let browser
let page
before(async () => {
  browser = await open()
  page = await withBundle(await browser.page(), 'peers.js')
})
after(() => browser?.close())

function close(vectors, expected) {
  assert.equal(vectors.length, expected.length)
  vectors.forEach((vector, i) => {
    assert.equal(vector.length, expected[i].length)
    vector.forEach((value, k) => {
      assert.ok(Math.abs(value - expected[i][k]) < 1e-5, `${value} is not ${expected[i][k]}`)
    })
  })
}

for (const [sdk, version] of [
  ['ai', 'v4'],
  ['ai6', 'v3'],
]) {
  test(`AI SDK: embedMany() and embed() of ${sdk} with a ${version} model`, async () => {
    const { many, one, usage, documents, warnings } = await page.evaluate(
      async ({ sdk, version, options, values }) => {
        const model = embeddingModel(options, { specificationVersion: version })
        const providerOptions = { secondpass: { inputType: 'query', other: 1 } }
        const many = await window[sdk].embedMany({ model, values, providerOptions })
        const one = await window[sdk].embed({ model, value: values[0], providerOptions })
        const documents = await window[sdk].embedMany({ model, values, providerOptions: { secondpass: { inputType: 'document' } } })
        return { many: many.embeddings, one: one.embedding, usage: many.usage, documents: documents.embeddings, warnings: many.warnings }
      },
      { sdk, version, options: MODEL, values: TEXTS },
    )
    close(many, of('query').embeddings)
    close([one], of('query').embeddings.slice(0, 1))
    close(documents, of('document').embeddings)
    assert.ok(usage.tokens > TEXTS.length)
    assert.deepEqual(warnings[0], { type: 'unsupported', feature: 'providerOptions.secondpass.other' })
    assert.match(warnings[1].message, /^input\[8\] was too long/)
  })
}

test('LangChain: documents and queries have the words before them that the model was trained with', async () => {
  const { documents, query, empty, refused } = await page.evaluate(
    async ({ options, texts }) => {
      const embeddings = new SecondpassEmbeddings({ embedder: options })
      const failing = {
        info: { identity: 'x' },
        embed: async () => ({ data: [], meta: { failed: [{ index: 0, code: 'image_unavailable', message: 'input[0]: no' }] } }),
      }
      return {
        documents: await embeddings.embedDocuments(texts),
        query: await embeddings.embedQuery(texts[1]),
        empty: await embeddings.embedDocuments([]),
        refused: await new SecondpassEmbeddings({ embedder: failing }).embedQuery('a').catch(({ code }) => code),
      }
    },
    { options: MODEL, texts: TEXTS },
  )
  close(documents, of('document').embeddings)
  close([query], of('query').embeddings.slice(1, 2))
  assert.deepEqual([empty, refused], [[], 'image_unavailable'])
})

/** What Orama has to find for each text as a query: the documents by their cosines, as the reference computed them. */
const cosines = TEXTS.map((_, query) =>
  of('document')
    .embeddings.map((vector, index) => ({ index, score: vector.reduce((sum, value, k) => sum + value * of('query').embeddings[query][k], 0) }))
    .sort((a, b) => b.score - a.score),
)

/** The same documents with the same scores. Cosines that differ less than the model's rounding may change places. */
function ranked(hits, expected, tolerance = 1e-5) {
  assert.equal(hits.length, expected.length)
  hits.forEach(({ index, score }, i) => {
    const wanted = expected.find((one) => one.index === index)
    assert.ok(Math.abs(score - wanted.score) < tolerance, `${index}: ${score} is not ${wanted.score}`)
    assert.ok(Math.abs(expected[i].score - wanted.score) < 2 * tolerance, `${index} is at place ${i}`)
  })
}

test('Orama: documents with vectors are found in the order of the cosines, alone and beside keywords, and reranked', async () => {
  const seen = await page.evaluate(
    async ({ options, texts }) => {
      const embedder = await secondpass.Embedder.load(options)
      const reranker = await secondpass.Reranker.load({ model: '/models/tiny-tied', device: 'cpu', worker: '/dist/worker.js' })
      const documents = [...texts.map((text, key) => ({ key, text })), { key: -1, text: '' }]
      const progress = []
      const placed = await withVectors(embedder, documents, { onProgress: ({ loaded, total }) => progress.push([loaded, total]) })
      const { dimensions } = embedder.info
      const db = orama.create({ schema: { key: 'number', text: 'string', embedding: `vector[${dimensions}]` } })
      await orama.insertMultiple(db, placed)
      const found = async (query, mode, more) => {
        const vector = { value: await queryVector(embedder, query), property: 'embedding' }
        const { hits } = await orama.search(db, { mode, term: query, vector, similarity: -1, limit: 20, ...more })
        return hits
      }
      const pairs = (hits) => hits.map(({ document, score }) => ({ index: document.key, score }))
      const vectors = []
      for (const query of texts) vectors.push(pairs(await found(query, 'vector')))
      const query = texts[0]
      const keywords = pairs((await orama.search(db, { term: query, threshold: 1, limit: 20 })).hits)
      const hits = await found(query, 'hybrid', { threshold: 1 })
      const reranked = await secondpass.rerankHits(reranker, hits, { query, text: 'document.text' })
      const direct = await reranker.rerank({ query, documents: hits.map(({ document }) => document.text) })
      const cut = await withVectors(embedder, documents, { dimensions: 24, into: 'short' })
      const answer = {
        dimensions,
        progress,
        meta: placed.meta,
        empty: placed.at(-1),
        vectors,
        keywords,
        hybrid: pairs(hits),
        reranked: reranked.map(({ hit, score }) => ({ index: hit.document.key, score })),
        direct: direct.results.map(({ index, relevance_score }) => ({ index: hits[index].document.key, score: relevance_score })),
        cut: (await queryVector(embedder, query, { dimensions: 24 })).length === 24 && cut[0].short.length === 24,
      }
      embedder.dispose()
      reranker.dispose()
      return answer
    },
    { options: MODEL, texts: TEXTS },
  )
  assert.equal(seen.dimensions, 48)
  assert.deepEqual(seen.progress, [[9, 9]])
  assert.deepEqual(seen.meta.failed, [])
  assert.match(seen.meta.warnings.join(), /^documents\[8\] was too long/)
  assert.deepEqual(seen.empty, { key: -1, text: '' })
  seen.vectors.forEach((hits, query) => {
    ranked(hits, cosines[query])
  })
  // Orama adds both scores, each as a share of its largest.
  const share = (hits, index) => (hits.find((one) => one.index === index)?.score ?? 0) / hits[0].score / 2
  assert.ok(seen.keywords.length >= 2 && seen.keywords.length < 9, `${seen.keywords.length} documents have a word of the query`)
  const both = cosines[0].map(({ index }) => ({ index, score: share(seen.keywords, index) + share(cosines[0], index) }))
  ranked(
    seen.hybrid,
    both.sort((a, b) => b.score - a.score),
  )
  assert.notDeepEqual(
    seen.hybrid.map(({ index }) => index),
    cosines[0].map(({ index }) => index),
  )
  ranked(seen.reranked, seen.direct)
  assert.ok(seen.cut)
})
