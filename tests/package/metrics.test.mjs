// The measures of search quality against trec_eval's.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { evaluate, readJudgements } from 'secondpass/search'
import { ROOT } from '../../scripts/lib.mjs'

const { cuts, cases } = JSON.parse(readFileSync(join(ROOT, 'tests', 'fixtures', 'metrics', 'random.json'), 'utf8'))
const near = (a, b, what) => assert.ok(Math.abs(a - b) < 1e-9, `${what}: ${a} instead of ${b}`)

for (const [n, { qrels, run, results }] of cases.entries()) {
  test(`random run ${n}: nDCG, reciprocal rank and recall are trec_eval's`, () => {
    const judged = Object.keys(qrels)
    assert.ok(
      judged.some((query) => Object.values(qrels[query]).every((grade) => grade <= 0)),
      'a query without anything relevant is missing',
    )
    for (const query of Object.keys(results)) {
      const own = evaluate({ [query]: qrels[query] }, run, cuts)
      for (const cut of cuts) {
        near(own.ndcg[cut].mean, results[query][`ndcg_cut_${cut}`], `${query} nDCG@${cut}`)
        near(own.recall[cut].mean, results[query][`recall_${cut}`], `${query} recall@${cut}`)
        const rank = results[query].recip_rank
        near(own.mrr[cut].mean, rank >= 1 / cut - 1e-12 ? rank : 0, `${query} MRR@${cut}`)
      }
    }
    const all = evaluate(qrels, run, cuts)
    assert.equal(all.queries, judged.length)
    const mean = judged.reduce((sum, query) => sum + (results[query]?.ndcg_cut_10 ?? 0), 0) / judged.length
    near(all.ndcg[10].mean, mean, 'nDCG@10')
    const [low, high] = all.ndcg[10].interval
    assert.ok(low < mean && mean < high && high - low < 0.4, `${low} to ${high}`)
    assert.deepEqual(evaluate(qrels, run, cuts), all)
  })
}

test('judgements are read as BEIR and trec_eval store them', () => {
  const expected = { q1: { d1: 2, d2: 0 }, q2: { d3: -1 } }
  const plain = (judgements) => JSON.parse(JSON.stringify(judgements))
  assert.deepEqual(plain(readJudgements('query-id\tcorpus-id\tscore\nq1\td1\t2\r\nq1\td2\t0\n\nq2\td3\t-1\n')), expected)
  assert.deepEqual(plain(readJudgements('q1 0 d1 2\nq1 0 d2 0\nq2 0 d3 -1\n')), expected)
  assert.deepEqual(plain(readJudgements('')), {})
})

test('names that every object has are none that were judged', () => {
  const { ndcg } = evaluate({ q: { a: 1 } }, { q: { constructor: 2, a: 1 } }, [2])
  near(ndcg[2].mean, 1 / Math.log2(3), 'nDCG@2')
  assert.equal(evaluate({}, {}).queries, 0)
})
