// Scores of a page's reranker beside those of a reference.
import assert from 'node:assert/strict'

/**
 * Loads a model in a page, sends `cases` of `{ request, expected }`, and gives the reranker's `info` and the largest difference.
 * `field` is what `expected` holds, by the position of the document: `relevance_score` or `logit`.
 */
export async function compared(page, options, cases, field = 'relevance_score') {
  const { info, answers } = await page.evaluate(
    async ({ options, requests }) => {
      const reranker = await secondpass.Reranker.load(options)
      const answers = []
      for (const request of requests) answers.push((await reranker.rerank(request)).results)
      const { info } = reranker
      reranker.dispose()
      return { info, answers }
    },
    { options, requests: cases.map(({ request }) => request) },
  )
  let largest = 0
  cases.forEach(({ expected }, i) => {
    assert.equal(answers[i].length, expected.length)
    for (const result of answers[i]) {
      assert.equal(typeof result[field], 'number')
      largest = Math.max(largest, Math.abs(result[field] - expected[result.index]))
    }
  })
  return { info, largest }
}
