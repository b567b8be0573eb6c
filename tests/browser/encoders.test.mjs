// Every family of encoders, and the decoders beside Qwen3-Reranker, through the built package in a real browser: logits
// against sentence-transformers and Transformers.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { open } from './harness.mjs'

/** As in tests/encoders.rs. */
const LOGIT_TOLERANCE = 2e-5
/** A software adapter computes exponentials and square roots less exactly. */
const WEBGPU_TOLERANCE = 1e-4

const FOLDER = join(ROOT, 'tests', 'fixtures', 'encoder')
const MODELS = readdirSync(FOLDER)
/** One of each kind of layer, window, position and pooling; all cases of all models run on the CPU. */
const ON_WEBGPU = ['bert', 'deberta', 'ettin', 'gte', 'jina-v1', 'modernbert-cls', 'modernbert-mean', 'qwen2-mxbai', 'xlm-roberta']
const CASES_ON_WEBGPU = ['planets', 'empty-document', 'long-both', 'instruction']

/**
 * Cases that compare: the reference matches added tokens that are not special, which no text becomes here, and scores documents of
 * which it has read nothing (`cut-query`), which is an error here.
 */
function casesOf(model) {
  const { cases, activation } = JSON.parse(readFileSync(join(FOLDER, model, 'cases.json'), 'utf8'))
  return { activation, cases: cases.filter((c) => !(model.startsWith('qwen') && (c.literal_specials || c.name === 'cut-query'))) }
}

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** The largest difference of a logit over the cases. */
async function largestDifference(model, device, cases) {
  const page = await browser.page()
  const { info, responses } = await page.evaluate(
    async ({ model, device, requests }) => {
      const reranker = await secondpass.Reranker.load({ model: `/fixtures/encoder/${model}`, device, dtype: 'f32' })
      const responses = []
      for (const request of requests) responses.push(await reranker.rerank({ ...request, raw_scores: true }))
      const { info } = reranker
      reranker.dispose()
      return { info, responses }
    },
    { model, device, requests: cases.map((c) => c.request) },
  )
  await page.close()
  assert.equal(info.device, device)
  let largest = 0
  cases.forEach(({ logits, scores }, i) => {
    const { results } = responses[i]
    assert.equal(results.length, logits.length)
    for (const { index, logit, relevance_score } of results) {
      largest = Math.max(largest, Math.abs(logit - logits[index]))
      assert.ok(Math.abs(relevance_score - scores[index]) <= WEBGPU_TOLERANCE, `${model}: ${relevance_score} is not ${scores[index]}`)
    }
  })
  console.log(`${model} on ${device}: largest difference of a logit ${largest.toExponential(2)}`)
  return { largest, info }
}

for (const model of MODELS) {
  test(`${model} on the CPU matches the reference in every case`, async () => {
    const { cases, activation } = casesOf(model)
    const { largest, info } = await largestDifference(model, 'cpu', cases)
    assert.equal(info.activation, activation)
    assert.ok(largest <= LOGIT_TOLERANCE, `${largest}`)
  })
}

for (const model of ON_WEBGPU) {
  test(`${model} on WebGPU matches the reference`, async () => {
    const { cases } = casesOf(model)
    const { largest } = await largestDifference(
      model,
      'webgpu',
      cases.filter(({ name }) => CASES_ON_WEBGPU.includes(name)),
    )
    assert.ok(largest <= WEBGPU_TOLERANCE, `${largest}`)
  })
}

test('without raw_scores a relevance_score is from 0 to 1, whatever the checkpoint publishes', async () => {
  const { cases } = casesOf('bert')
  const { request, logits } = cases.find(({ name }) => name === 'planets')
  const page = await browser.page()
  const { results } = await page.evaluate(async (request) => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/encoder/bert', device: 'cpu' })
    const response = await reranker.rerank(request)
    reranker.dispose()
    return response
  }, request)
  await page.close()
  for (const { index, relevance_score } of results) assert.ok(Math.abs(relevance_score - 1 / (1 + Math.exp(-logits[index]))) < 1e-5)
})

test('a pair that is too long is cut, and the response says so', async () => {
  const page = await browser.page()
  const { meta } = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/encoder/bert', device: 'cpu' })
    const response = await reranker.rerank({ query: 'planet '.repeat(80), documents: ['Mars is red. '.repeat(80)] })
    reranker.dispose()
    return response
  })
  await page.close()
  assert.match(meta.warnings.join(), /documents\[0\] and the query were too long together/)
})
