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
