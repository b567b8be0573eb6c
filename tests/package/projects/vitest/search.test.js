// A unit test as a user of the package has it, of code that runs in a page: with the fake, and with a small real model.
import { pathToFileURL } from 'node:url'
import { Reranker, rerankHits } from 'secondpass'
import { FakeReranker } from 'secondpass/testing'
import { expect, test, vi } from 'vitest'

const HITS = [{ title: 'Paris' }, { title: 'Mars, a red planet' }]

test('jsdom stands in for a page', () => {
  expect(document.createElement('p').ownerDocument).toBe(document)
  expect(typeof Worker).toBe('undefined')
})

test('the fake', async () => {
  const [{ hit }] = await rerankHits(new FakeReranker(), HITS, { query: 'red planet', text: 'title' })
  expect(hit.title).toBe('Mars, a red planet')
})

test('a real model', async () => {
  const reranker = await Reranker.load({ model: pathToFileURL('tiny-tied/').href })
  const { results } = await reranker.rerank({ query: 'red planet', documents: HITS.map(({ title }) => title) })
  expect(reranker.info.device).toBe('cpu')
  expect(results).toHaveLength(2)
  expect(results[0].relevance_score).toBeGreaterThan(results[1].relevance_score)
  reranker.dispose()
})

test('a module under test that loads its own', async () => {
  vi.doMock('secondpass', async (real) => ({ ...(await real()), Reranker: FakeReranker.with({}) }))
  const { Reranker } = await import('secondpass')
  const reranker = await Reranker.load({ model: 'hf:a/b' })
  expect((await reranker.rerank({ query: 'red', documents: ['blue', 'red'] })).results[0].index).toBe(1)
})
