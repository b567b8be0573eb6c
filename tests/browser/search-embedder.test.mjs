// The search index with the package's own models: an embedder and a reranker in their workers.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { begin } from './search.mjs'

/** Rounding a vector to 8 bits moves a cosine by less than this. */
const ROUNDING = 0.01
const [FIRST, SECOND] = ['/fixtures/embedding/bert-mean/', '/fixtures/embedding/bert-cls/']
const RERANKER = '/fixtures/encoder/bert/'

let browser, page
before(async () => {
  ;({ browser, page } = await begin())
})
after(() => browser?.close())

test('both models of the package: cosines are those of its vectors, the order is that of its reranker', async () => {
  const seen = await page.evaluate(
    async ({ model, reranker }) => {
      const options = { device: 'cpu', cache: 'memory' }
      const embedder = await secondpass.Embedder.load({ model, ...options })
      const index = await SearchIndex.open('models', {
        fields: ['title', 'text'],
        embedder,
        reranker: () => secondpass.Reranker.load({ model: reranker, ...options }),
      })
      const documents = passages(60)
      await index.add(documents)
      const query = 'copper lighthouse'
      const stages = []
      const { results, warnings } = await index.search(query, { limit: 10, top_n: 10, onStage: ({ stage }) => stages.push(stage) })
      const vectors = await index.search(query, { mode: 'vectors', rerank: false, top_n: 20 })
      const text = ({ title, text }) => `${title}\n${text}`
      const [asked] = (await embedder.embed({ input: [query], input_type: 'query' })).data
      const { data } = await embedder.embed({ input: documents.map(text), input_type: 'document' })
      const unit = (v) => v.map((x) => x / Math.hypot(...v))
      const cosines = data.map(({ embedding }) => unit(embedding).reduce((sum, x, i) => sum + x * unit(asked.embedding)[i], 0))
      embedder.dispose()
      index.dispose()
      return { stages, results, warnings, vectors: vectors.results, cosines, ids: documents.map(({ id }) => id) }
    },
    { model: FIRST, reranker: RERANKER },
  )
  assert.deepEqual(seen.warnings, [])
  assert.deepEqual([...new Set(seen.stages)], ['keywords', 'vectors', 'reranked'])
  assert.deepEqual(
    seen.results.map(({ ranks }) => ranks.reranked),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
  const worst = [...seen.cosines].sort((a, b) => b - a)[19] - 2 * ROUNDING
  for (const { id, scores } of seen.vectors) {
    const exact = seen.cosines[seen.ids.indexOf(id)]
    assert.ok(Math.abs(scores.vectors - exact) < ROUNDING && exact > worst, `${id}: ${scores.vectors} for ${exact}`)
  }
})

test('the next visit makes no vector again; another model makes all of them', async () => {
  const visit = (model) =>
    page.evaluate(async (model) => {
      const embedder = await secondpass.Embedder.load({ model, device: 'cpu', cache: 'memory' })
      let inputs = 0
      const counted = {
        info: embedder.info,
        embed: (request, control) => {
          if (request.input_type === 'document') inputs += request.input.length
          return embedder.embed(request, control)
        },
      }
      const events = []
      const index = await SearchIndex.open('models', { fields: ['title', 'text'], embedder: counted }, { onProgress: ({ stage }) => events.push(stage) })
      const { results } = await index.search('copper', { mode: 'vectors' })
      await index.settled()
      const { info } = index
      index.dispose()
      embedder.dispose()
      return { inputs, rebuilt: events.includes('rebuild'), vectors: info.vectors.text, found: results.length, warnings: info.warnings }
    }, model)
  const same = await visit(FIRST)
  assert.deepEqual([same.inputs, same.rebuilt, same.vectors, same.found, same.warnings], [0, false, 60, 10, []])
  const other = await visit(SECOND)
  assert.deepEqual([other.inputs, other.rebuilt, other.vectors], [60, true, 60])
  assert.match(other.warnings.join(' '), /another model/)
})
