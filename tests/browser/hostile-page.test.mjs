// A page that does to the package what pages do by mistake: workers taken away, callbacks that throw, requests that change while they
// run, text that is no text, names that are misspelt.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { serveFile } from '../../scripts/serve.mjs'
import { open } from './harness.mjs'

const MODEL = '/models/tiny-tied'

const FIXTURE = join(ROOT, 'tests', 'fixtures', 'text', 'tiny-tied')

let browser
let page
before(async () => {
  browser = await open()
  page = await browser.page()
})
after(() => browser?.close())

test('a worker of the page’s own making that is terminated in the middle of a call is replaced', async () => {
  const { scored, workers, after, recovered, same } = await page.evaluate(async (model) => {
    const made = []
    const worker = () => made[made.push(new Worker('/dist/worker.js', { type: 'module' })) - 1]
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu', worker })
    const running = reranker.rerank(
      { query: 'q', documents: Array(60).fill('some text to read') },
      { onResult: ({ index }) => index === 2 && made.length === 1 && made[0].terminate() },
    )
    const scored = (await running).results.length
    made.at(-1).terminate()
    const after = (await reranker.rerank({ query: 'q', documents: ['a'] })).results.length
    const recovered = reranker.info.recovered_from
    reranker.dispose()
    const one = new Worker('/dist/worker.js', { type: 'module' })
    const kept = await secondpass.Reranker.load({ model, device: 'cpu', worker: () => one })
    one.terminate()
    const same = await outcome(() => kept.rerank({ query: 'q', documents: ['a'] }))
    return { scored, workers: made.length, after, recovered, same: same.error }
  }, MODEL)
  assert.deepEqual([scored, after, workers], [60, 1, 3])
  assert.match(recovered.message, /terminated by the page/)
  assert.equal(same?.code, 'worker_failed')
  assert.match(same.message, /must make a new one each time/)
})

test('a worker that is terminated while it loads ends the load with an error', async () => {
  const { error } = await page.evaluate(async (model) => {
    const worker = () => {
      const made = new Worker('/dist/worker.js', { type: 'module' })
      setTimeout(() => made.terminate(), 30)
      return made
    }
    return outcome(() => secondpass.Reranker.load({ model, device: 'cpu', cache: 'memory', worker }))
  }, '/fault/stall/tiny-tied')
  assert.deepEqual([error?.name, error?.code], ['SecondpassError', 'internal'])
})

test('a callback that throws is reported, and ends neither a load nor a request', async () => {
  const { results, reported } = await page.evaluate(async (model) => {
    const reported = []
    window.onerror = (message) => (reported.push(message), true)
    const fail = (name) => () => {
      throw new Error(name)
    }
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu' }, { onProgress: fail('progress') })
    const { results } = await reranker.rerank({ query: 'q', documents: ['a', 'b', 'c'] }, { onResult: fail('result') })
    reranker.dispose()
    await new Promise((done) => setTimeout(done))
    window.onerror = null
    return { results: results.length, reported }
  }, MODEL)
  assert.equal(results, 3)
  assert.equal(reported.filter((message) => /result/.test(message)).length, 3)
  assert.ok(reported.some((message) => /progress/.test(message)))
})

test('a request that is changed while it runs is answered as it was', async () => {
  const documents = await page.evaluate(async (model) => {
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu' })
    const documents = ['first', 'second', 'third']
    const running = reranker.rerank({ query: 'q', documents, return_documents: true })
    documents.reverse().push('fourth')
    const { results } = await running
    reranker.dispose()
    return results.map(({ index, document }) => [index, document.text])
  }, MODEL)
  assert.deepEqual(Object.fromEntries(documents), { 0: 'first', 1: 'second', 2: 'third' })
})

test('a lone surrogate anywhere in a request has the score of the replacement character, and refuses nothing', async () => {
  const outcomes = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const scores = async (letter, address) => {
      const text = (before) => `${before} ${letter} end`
      const documents = [
        text('a'),
        { text: [text('b'), text('c')] },
        { content: [text('d'), { type: 'text', text: text('e') }] },
        { image: `http://[${address}` },
      ]
      const { results, meta } = await reranker.rerank({ query: text('q'), documents, instruction: text('i'), model: text('m'), [text('own')]: text('field') })
      return [results.map(({ index, relevance_score }) => [index, relevance_score]), meta.failed?.map(({ index }) => index)]
    }
    const outcomes = []
    for (const letter of ['\ufffd', '\ud800', '\udfff', '\ud83d']) outcomes.push(await outcome(() => scores(letter, letter)))
    reranker.dispose()
    return outcomes
  })
  assert.deepEqual(outcomes[0].ok?.[1], [3], JSON.stringify(outcomes[0]))
  for (const other of outcomes.slice(1)) assert.deepEqual(other, outcomes[0])
})

test('misspelt fields of a request are told, unknown ones have no effect as on a server', async () => {
  const outcomes = await page.evaluate(async (model) => {
    const reranker = await secondpass.Reranker.load({ model, device: 'cpu' })
    const ask = (fields) => outcome(async () => (await reranker.rerank({ query: 'q', documents: ['a', 'b'], ...fields })).results.length)
    const outcomes = [
      await ask({ topN: 1 }),
      await ask({ top_k: 1 }),
      await ask({ instruct: 'i' }),
      await ask({ priority: 5, user: 'me' }),
      await ask({ top_n: null }),
    ]
    reranker.dispose()
    return outcomes
  }, MODEL)
  const [camel, other, instruct, ...fine] = outcomes
  for (const [{ error }, name] of [
    [camel, 'top_n'],
    [other, 'top_n'],
    [instruct, 'instruction'],
  ]) {
    assert.equal(error?.code, 'invalid_request')
    assert.match(error.message, new RegExp(`did you mean ${name}`))
  }
  assert.deepEqual(fine, [{ ok: 2 }, { ok: 2 }])
})

test('a model’s name without hf: is told where nothing is found beside the page', async () => {
  const { plain, own } = await page.evaluate(async () => ({
    plain: (await outcome(() => secondpass.Reranker.load({ model: 'cross-encoder/ettin-reranker-32m-v1', device: 'cpu' }))).error,
    own: (await outcome(() => secondpass.Reranker.load({ model: '/models/none/', device: 'cpu' }))).error,
  }))
  assert.equal(plain.code, 'not_found')
  assert.match(plain.message, /write model: 'hf:cross-encoder\/ettin-reranker-32m-v1'/)
  assert.equal(own.code, 'not_found')
  assert.doesNotMatch(own.message, /hf:/)
})

test('an address of a picture with a password is not fetched, and not printed', async () => {
  const message = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const image = location.origin.replace('//', '//user:s3cret@')
    const { meta } = await reranker.rerank({ query: 'q', documents: ['a', { image: `${image}/a.png?key=s3cret` }] })
    reranker.dispose()
    return meta.failed[0].message
  })
  assert.match(message, /user name or a password/)
  assert.doesNotMatch(message, /s3cret/)
})

for (const cache of ['cache-api', 'memory']) {
  test(`a site that clears its data in the middle of a load (${cache}) still gets the model`, async () => {
    let release
    const cleared = new Promise((done) => {
      release = done
    })
    let waits
    const waiting = new Promise((done) => {
      waits = done
    })
    const host = browser.host({
      handle: async (name, request, response) => {
        if (name === 'clear') {
          response.writeHead(200, { 'clear-site-data': '"storage"', 'content-type': 'text/plain' }).end('cleared')
          return setTimeout(release, 300)
        }
        const [, from] = /bytes=(\d+)/.exec(request.headers.range ?? '') ?? []
        // Answered when some of the model is stored, and the rest is asked for.
        if (name === 'waiting') return waiting.then(() => response.writeHead(204).end())
        if (name === 'model.safetensors' && Number(from) > 100_000) {
          waits()
          await cleared
        }
        serveFile(FIXTURE, Object.assign(request, { url: `/${name}` }), response) || response.writeHead(404).end()
      },
    })
    const page = await browser.page()
    const { ok, error } = await page.evaluate(
      async ({ model, cache }) => {
        const download = { pieceBytes: 32768, requests: 2, runPieces: 2, retryMs: 5, maxRetryMs: 40 }
        const loading = outcome(async () => {
          const reranker = await secondpass.Reranker.load({ model, device: 'cpu', cache, download })
          const { results } = await reranker.rerank({ query: 'q', documents: ['a'] })
          reranker.dispose()
          return results.length
        })
        await fetch(`${model}waiting`)
        await fetch(`${model}clear`)
        return loading
      },
      { model: host, cache },
    )
    assert.equal(ok, 1, error?.message)
    await page.close()
  })
}
