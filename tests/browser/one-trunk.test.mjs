// A reranker and an embedder of the same files share one trunk, in the same workers; nothing else of them is to be noticed.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { Host } from '../server/faulty.mjs'
import { open } from './harness.mjs'
import { MODEL, QUICK, WEIGHTS } from './storage.mjs'

const TEXTS = {
  rerank: { query: 'what is a shore?', documents: ['where water meets land', 'a page', 'the capital of China'] },
  embed: { input: ['a planet', 'a page', 'rings'], input_type: 'query' },
}
const PICTURES = {
  rerank: { query: 'a red disc', documents: [{ image: '/fixtures/vl/pictures/gradient.png' }, { image: '/fixtures/vl/pictures/grey.png', text: 'grey' }] },
  embed: { input: [{ image: '/fixtures/vl/pictures/gradient.png' }, 'a disc'] },
}
const ORDERS = [['Reranker', 'Embedder'], ['Embedder', 'Reranker'], []]

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Runs `work` in a fresh page, which has the helpers of pages/one-trunk.js. */
async function inPage(work, argument) {
  const page = await browser.page()
  try {
    await page.evaluate(async () => Object.assign(window, await import('/pages/one-trunk.js')))
    return await page.evaluate(work, argument)
  } finally {
    await page.close()
  }
}

/** The answers of two models that have nothing to do with each other, each in a page of its own. */
async function apart(options, requests) {
  const of = (type, requests) =>
    inPage(
      async ({ options, type, requests }) => {
        const model = await secondpass[type].load(options)
        const pair = { reranker: { rerank: async () => ({ results: [] }) }, embedder: { embed: async () => ({ data: [] }) }, [type.toLowerCase()]: model }
        const answers = await answersOf(pair, requests)
        return { ...answers, info: lastingInfo(model.info) }
      },
      { options, type, requests },
    )
  const [{ scores, info: reranker }, { vectors, info: embedder }] = [await of('Reranker', requests), await of('Embedder', requests)]
  return { scores, vectors, reranker, embedder }
}

/** The same of two that are loaded in one page, and how many workers there were. */
const together = (options, requests, types) =>
  inPage(
    async ({ options, requests, types }) => {
      const { worker, seen } = pool.watchedWorkers()
      const pair = await loadBoth({ ...options, worker }, { types })
      const answers = await answersOf(pair, requests)
      const { reranker, embedder } = pair
      const infos = { reranker: lastingInfo(reranker.info), embedder: lastingInfo(embedder.info) }
      reranker.dispose()
      embedder.dispose()
      return { ...answers, ...infos, started: seen.length }
    },
    { options, requests, types },
  )

const folderHost = (folder, names, change = (files) => files) =>
  new Host(change(Object.fromEntries(names.map((name) => [name, readFileSync(join(ROOT, 'tests', 'fixtures', folder, name))]))))

for (const [what, options, requests] of [
  ['texts on the CPU', { model: '/models/tiny-untied', device: 'cpu' }, TEXTS],
  // Without packing: pictures are computed in portions where two take turns.
  ['pictures on the CPU', { model: '/fixtures/vl/vl-tied', device: 'cpu', savings: { packing: false } }, PICTURES],
  ['texts on WebGPU', { model: '/models/tiny-tied', device: 'webgpu', kernels: 'tile' }, TEXTS],
]) {
  test(`${what}: one worker gives what two give, to the last bit, whichever is loaded first`, async () => {
    const expected = await apart(options, requests)
    assert.deepEqual([expected.scores.length, expected.vectors.length], [requests.rerank.documents.length, requests.embed.input.length])
    for (const types of ORDERS) {
      const { started, ...answers } = await together(options, requests, types)
      assert.equal(started, 1, `${types} in one worker`)
      assert.deepEqual(answers, expected, `${types}`)
    }
  })
}

test('an encoder whose file serves both pools for each task in its own way', async () => {
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']
  const host = folderHost('encoder/bert', names, (files) => {
    const { architectures: _, ...config } = JSON.parse(files['config.json'])
    return { ...files, 'config.json': Buffer.from(JSON.stringify(config)) }
  })
  const options = { model: browser.host(host), device: 'cpu' }
  const expected = await apart(options, TEXTS)
  assert.deepEqual([expected.reranker.pooling, expected.embedder.pooling], ['cls', 'mean'])
  for (const types of ORDERS) {
    const { started, ...answers } = await together(options, TEXTS, types)
    assert.equal(started, 1)
    assert.deepEqual(answers, expected)
  }
})

for (const cache of ['opfs', 'memory']) {
  test(`the weights come once, with what is loaded kept in ${cache}`, async () => {
    const host = new Host(MODEL)
    const page = await browser.page()
    await page.evaluate(async () => Object.assign(window, await import('/pages/one-trunk.js')))
    const options = { model: browser.host(host), device: 'cpu', cache, download: { ...QUICK, pieceBytes: 4096 } }
    await page.evaluate(async (options) => {
      window.reranker = await secondpass.Reranker.load(options)
      window.before = window.reranker.info.wasm_bytes
    }, options)
    const before = { bytes: host.served[WEIGHTS], requests: host.log.filter((line) => line.includes(WEIGHTS)).length }
    const { events, grown } = await page.evaluate(async (options) => {
      const events = []
      window.embedder = await secondpass.Embedder.load(options, { onProgress: (event) => events.push(event) })
      await window.embedder.embed({ input: 'a planet' })
      return { events, grown: window.embedder.info.wasm_bytes - window.before }
    }, options)
    const [bytes, requests] = [host.served[WEIGHTS] - before.bytes, host.log.filter((line) => line.includes(WEIGHTS)).length - before.requests]
    if (cache === 'opfs') assert.deepEqual([bytes, requests], [0, 0])
    else assert.ok(bytes * 3 < MODEL[WEIGHTS].length, `${bytes} bytes of the weights came again`)
    assert.ok(grown < 2 ** 20, `${grown} bytes of memory for the second task`)
    assert.equal(page.workers().length, 1)
    const fractions = events.map(({ overall }) => overall.fraction)
    assert.equal(fractions.at(-1), 1)
    assert.deepEqual(
      fractions,
      fractions.toSorted((a, b) => a - b),
    )
    // A file that is there is reported once, as a load from storage does it.
    const weights = events.filter(({ file }) => file === WEIGHTS).map(({ stage, loaded, total }) => [stage, loaded / total])
    assert.deepEqual(weights, cache === 'opfs' ? [['download', 1]] : [])
    assert.ok(
      events.every(({ stage }) => stage !== 'upload'),
      'nothing is moved to the device again',
    )
    await page.close()
  })
}

test('several workers serve both, and a number is waited for', async () => {
  const { scores, vectors, ...counts } = await inPage(
    async ({ requests }) => {
      const { worker, seen } = pool.watchedWorkers()
      const options = { model: '/models/tiny-tied', device: 'cpu', savings: pool.EXACT, workers: 2, worker }
      const pair = await loadBoth(options, { types: ['Reranker', 'Embedder'] })
      const { workers } = pair.embedder.info
      const texts = pool.texts(40)
      const answers = await answersOf(pair, { rerank: { query: 'q', documents: texts }, embed: { input: texts } })
      const asked = seen.map((requests) => requests.length > 0)
      pair.embedder.dispose()
      const again = await secondpass.Embedder.load(options)
      const after = await answersOf({ ...pair, embedder: again }, { rerank: requests.rerank, embed: { input: texts } })
      pair.reranker.dispose()
      again.dispose()
      return { ...answers, started: seen.length, workers, asked, same: JSON.stringify(after.vectors) === JSON.stringify(answers.vectors) }
    },
    { requests: TEXTS },
  )
  assert.deepEqual(counts, { started: 2, workers: 2, asked: [true, true], same: true })
  const expected = await inPage(async () => {
    const texts = pool.texts(40)
    const pair = await loadBoth({ model: '/models/tiny-tied', device: 'cpu', savings: pool.EXACT, workers: 1 })
    return answersOf(pair, { rerank: { query: 'q', documents: texts }, embed: { input: texts } })
  })
  assert.deepEqual({ scores, vectors }, expected)
})

for (const [first, second] of [
  ['reranker', 'embedder'],
  ['embedder', 'reranker'],
]) {
  test(`the ${second} goes on after the ${first} is disposed of, and the worker ends with it`, async () => {
    const page = await browser.page()
    await page.evaluate(async () => Object.assign(window, await import('/pages/one-trunk.js')))
    const result = await page.evaluate(
      async ({ first, second, requests }) => {
        const pair = await loadBoth({ model: '/models/tiny-tied', device: 'cpu' })
        const before = await answersOf(pair, requests)
        const long = {
          reranker: () => pair.reranker.rerank({ query: 'q', documents: pool.texts(200) }),
          embedder: () => pair.embedder.embed({ input: pool.texts(200) }),
        }
        const [running, other] = [outcome(long[first]), outcome(long[second])]
        await new Promise((done) => setTimeout(done, 100))
        pair[first].dispose()
        const since = performance.now()
        const ended = await running
        const waited = performance.now() - since
        const { ok } = await other
        const alone = { reranker: async () => (await answersOf({ ...pair, embedder: { embed: async () => ({ data: [] }) } }, requests)).scores }
        alone.embedder = async () => (await answersOf({ ...pair, reranker: { rerank: async () => ({ results: [] }) } }, requests)).vectors
        const after = await alone[second]()
        window.left = pair[second]
        const expected = second === 'reranker' ? before.scores : before.vectors
        return {
          ended: ended.error?.code,
          waited,
          answered: (ok.results ?? ok.data).length,
          same: JSON.stringify(after) === JSON.stringify(expected),
          closed: [pair[first].closed, pair[second].closed],
          refused: (await outcome(long[first])).error?.code,
        }
      },
      { first, second, requests: TEXTS },
    )
    const { waited, ...rest } = result
    assert.deepEqual(rest, { ended: 'disposed', answered: 200, same: true, closed: [true, false], refused: 'disposed' })
    assert.ok(waited < 1000, `rejected after ${waited} ms`)
    assert.equal(page.workers().length, 1)
    await page.evaluate(() => window.left.dispose())
    const start = Date.now()
    while (page.workers().length > 0 && Date.now() - start < 5000) await new Promise((done) => setTimeout(done, 20))
    assert.equal(page.workers().length, 0)
    await page.close()
  })
}

test('a worker that dies in the middle of a request comes back with both tasks, and nothing is lost', async () => {
  const work = async ({ names }) => {
    const { worker, seen } = pool.watchedWorkers(names)
    const options = { model: '/models/tiny-tied', device: 'cpu', savings: pool.EXACT, worker }
    const pair = await loadBoth(options)
    const texts = pool.texts(20)
    const told = []
    const [ranked, embedded] = await Promise.all([
      pair.reranker.rerank({ query: 'q', documents: texts }, { onResult: ({ index }) => told.push(index) }),
      pair.embedder.embed({ input: texts }),
    ])
    const { recovered_from: ranks } = pair.reranker.info
    const { recovered_from: embeds } = pair.embedder.info
    const again = await answersOf(pair, { rerank: { query: 'q', documents: texts }, embed: { input: texts } })
    const scores = ranked.results.map(({ index, logit }) => [index, logit])
    const vectors = embedded.data.map(({ embedding }) => embedding)
    pair.reranker.dispose()
    pair.embedder.dispose()
    return { again, scores, vectors, told: told.length, started: seen.length, recovered: [ranks?.code, embeds?.code] }
  }
  const healthy = await inPage(work, { names: [] })
  const killed = await inPage(work, { names: ['result 3'] })
  assert.deepEqual([healthy.started, healthy.recovered], [1, [undefined, undefined]])
  assert.deepEqual([killed.started, killed.recovered, killed.told], [2, ['internal', 'internal'], 20])
  assert.deepEqual([killed.scores, killed.vectors, killed.again], [healthy.scores, healthy.vectors, healthy.again])
})

test('a request that kills its worker each time is rejected alone', async () => {
  const { killer, embedded, started } = await inPage(async () => {
    const { worker, seen } = pool.watchedWorkers()
    const pair = await loadBoth({ model: '/models/tiny-tied', device: 'cpu', worker })
    const killer = outcome(() => pair.reranker.rerank({ query: 'kill', documents: ['a'] }))
    const embedded = outcome(() => pair.embedder.embed({ input: pool.texts(10) }))
    const result = { killer: (await killer).error?.code, embedded: (await embedded).ok?.data.length }
    await pair.embedder.embed({ input: 'a' })
    result.started = seen.length
    pair.reranker.dispose()
    pair.embedder.dispose()
    return result
  })
  assert.deepEqual([killer, embedded, started], ['internal', 10, 3])
})

test('a worker that dies while the second task is added is replaced, and serves both', async () => {
  const result = await inPage(async (requests) => {
    const seen = []
    const worker = () => {
      const started = new Worker('/dist/worker.js', { type: 'module' })
      const post = started.postMessage.bind(started)
      started.postMessage = (message, transfer) => {
        seen.push(message.type)
        // Gone before it has begun with it.
        if (message.type === 'add' && seen.filter((type) => type === 'add').length === 1)
          return started.dispatchEvent(new ErrorEvent('error', { message: 'taken away', cancelable: true }))
        post(message, transfer)
      }
      return started
    }
    const pair = await loadBoth({ model: '/models/tiny-tied', device: 'cpu', worker })
    const answers = await answersOf(pair, requests)
    const result = { ...answers, loads: seen.filter((type) => type === 'load').length }
    pair.reranker.dispose()
    pair.embedder.dispose()
    return result
  }, TEXTS)
  const { scores, vectors } = await apart({ model: '/models/tiny-tied', device: 'cpu' }, TEXTS)
  assert.deepEqual(result, { scores, vectors, loads: 2 })
})

// The first submissions after a load are those of the second task's warm-up.
for (const [when, nth] of [
  ['while the second task is added', 1],
  ['in a request', 40],
]) {
  test(`a device that is lost ${when} comes back with both tasks`, async () => {
    const { recovered, started, ...answers } = await inPage(
      async ({ requests, nth }) => {
        let started = 0
        const worker = () => new Worker('/pages/fragile-worker.js', { type: 'module', name: started++ === 0 ? `request ${nth}` : '' })
        const pair = await loadBoth({ model: '/models/tiny-tied', device: 'webgpu', kernels: 'tile', worker })
        const before = started
        let answers
        for (let i = 0; i < 60 && (!answers || started === 1); i++) answers = await answersOf(pair, requests)
        const { recovered_from } = pair.embedder.info
        pair.reranker.dispose()
        pair.embedder.dispose()
        return { ...answers, recovered: recovered_from?.code, started: [before, started] }
      },
      { requests: TEXTS, nth },
    )
    assert.deepEqual([recovered, started], ['device_lost', nth === 1 ? [2, 2] : [1, 2]])
    const { scores, vectors } = await apart({ model: '/models/tiny-tied', device: 'webgpu', kernels: 'tile' }, TEXTS)
    const close = (some, others) => some.flat().every((value, i) => Math.abs(value - others.flat()[i]) < 1e-5)
    assert.ok(close(answers.scores, scores) && close(answers.vectors, vectors))
  })
}

test('an abort of one does not stop the other: of a request, and of a load', async () => {
  const result = await inPage(async (requests) => {
    const { worker, seen } = pool.watchedWorkers()
    const options = { model: '/models/tiny-tied', device: 'cpu', worker }
    const [first, second] = [new AbortController(), new AbortController()]
    // The first begins the load, for which the second waits.
    const aborted = outcome(() => secondpass.Reranker.load(options, { signal: first.signal }))
    const embedder = secondpass.Embedder.load(options)
    await pool.until(() => seen.length === 1)
    first.abort(new Error('enough of the first'))
    const load = (await aborted).error?.message
    const pair = { embedder: await embedder, reranker: await secondpass.Reranker.load(options) }
    const started = seen.length
    // One that waits gives up, and the load goes on.
    pair.embedder.dispose()
    const waiting = outcome(() => secondpass.Embedder.load(options, { signal: second.signal }))
    second.abort(new Error('enough of the second'))
    const join = (await waiting).error?.message
    pair.embedder = await secondpass.Embedder.load(options)
    const controller = new AbortController()
    const long = outcome(() => pair.reranker.rerank({ query: 'q', documents: pool.texts(200) }, { signal: controller.signal }))
    const other = outcome(() => pair.embedder.embed({ input: pool.texts(30) }))
    await new Promise((done) => setTimeout(done, 50))
    controller.abort(new Error('enough of the request'))
    const request = (await long).error?.message
    const embedded = (await other).ok?.data.length
    const answers = await answersOf(pair, requests)
    const result = { load, join, request, embedded, started, after: seen.length, answers: answers.scores.length + answers.vectors.length }
    pair.reranker.dispose()
    pair.embedder.dispose()
    return result
  }, TEXTS)
  assert.deepEqual(result, {
    load: 'enough of the first',
    join: 'enough of the second',
    request: 'enough of the request',
    embedded: 30,
    started: 1,
    after: 1,
    answers: 6,
  })
})

test('a short request of one does not wait for all of a long one of the other', async () => {
  const { order } = await inPage(async () => {
    const pair = await loadBoth({ model: '/models/tiny-tied', device: 'cpu' })
    const order = []
    const long = pair.reranker.rerank({ query: 'q', documents: pool.texts(400) }).then(() => order.push('long'))
    await new Promise((done) => setTimeout(done, 50))
    const short = pair.embedder.embed({ input: 'a planet' }).then(() => order.push('short'))
    await Promise.all([long, short])
    return { order }
  })
  assert.deepEqual(order, ['short', 'long'])
})

test('loads that differ in anything do not share, nor do two of the same task', async () => {
  const result = await inPage(async () => {
    const base = { model: '/models/tiny-tied', device: 'cpu' }
    const others = [
      { dtype: 'q8_0' },
      { workers: 1 },
      { device: 'auto' },
      { savings: pool.EXACT },
      { model: '/models/tiny-untied' },
      { prompts: { query: 'q: ' } },
    ]
    const counts = []
    const { worker, seen } = pool.watchedWorkers()
    const reranker = await secondpass.Reranker.load({ ...base, worker })
    for (const other of others) {
      const embedder = await secondpass.Embedder.load({ ...base, ...other, worker })
      counts.push(seen.length)
      embedder.dispose()
    }
    const spelt = await secondpass.Embedder.load({ ...base, model: new URL('../models/tiny-tied', location.href), dtype: 'auto', worker })
    counts.push(seen.length)
    const second = await secondpass.Reranker.load({ ...base, worker })
    counts.push(seen.length)
    for (const model of [reranker, spelt, second]) model.dispose()
    return counts
  })
  assert.deepEqual(result, [2, 3, 4, 5, 6, 7, 7, 8])
})

test('files that serve one task say so for the other as ever, and the one goes on', async () => {
  const work = async ({ type, other, model, beside }) => {
    const { worker, seen } = pool.watchedWorkers()
    const loaded = beside ? await secondpass[type].load({ model, device: 'cpu', worker }) : undefined
    const { error } = await outcome(() => secondpass[other].load({ model, device: 'cpu', worker }))
    const answer = loaded && (await (type === 'Reranker' ? loaded.rerank({ query: 'q', documents: ['a'] }) : loaded.embed({ input: 'a' })))
    const { error: both } = await outcome(() =>
      Promise.all([secondpass[other].load({ model, device: 'cpu', worker }), secondpass[other].load({ model, device: 'cpu', worker })]),
    )
    loaded?.dispose()
    // Both at once: the one that the files serve is not hindered by the other, which began before it.
    const [refused, fine] = await Promise.all(
      [other, type].map((type) => outcome(async () => (await secondpass[type].load({ model, device: 'cpu', worker })).dispose())),
    )
    return { error, both: both.code, answered: Boolean(answer), together: [refused.error?.code, fine.error?.code], first: seen.length > 0 }
  }
  for (const [type, other, model] of [
    ['Embedder', 'Reranker', '/fixtures/embedding/bert-mean'],
    ['Reranker', 'Embedder', '/fixtures/encoder/bert'],
  ]) {
    const alone = await inPage(work, { type, other, model, beside: false })
    const beside = await inPage(work, { type, other, model, beside: true })
    assert.equal(alone.error.code, 'unsupported_model')
    assert.deepEqual(beside.error, alone.error)
    assert.deepEqual([beside.answered, beside.both], [true, 'unsupported_model'])
    for (const { together } of [alone, beside]) assert.deepEqual(together, ['unsupported_model', undefined])
  }
})

test('a file that has changed since is loaded anew for the second task', async () => {
  const host = new Host(MODEL)
  const other = { ...MODEL, [WEIGHTS]: Buffer.from(MODEL[WEIGHTS]) }
  // Other values of the same tensors.
  const weights = other[WEIGHTS]
  for (let at = weights.length - 4096; at < weights.length; at += 2) weights[at] ^= 1
  const options = { model: browser.host(host), device: 'cpu', cache: 'memory', download: QUICK }
  const expected = await apart({ ...options, model: browser.host(new Host(other)) }, TEXTS)
  const page = await browser.page()
  await page.evaluate(async () => Object.assign(window, await import('/pages/one-trunk.js')))
  await page.evaluate(async (options) => {
    window.reranker = await secondpass.Reranker.load(options)
  }, options)
  host.change(WEIGHTS, weights)
  const vectors = await page.evaluate(
    async ({ options, requests }) => {
      window.embedder = await secondpass.Embedder.load(options)
      return (await answersOf({ reranker, embedder }, requests)).vectors
    },
    { options, requests: TEXTS },
  )
  assert.equal(page.workers().length, 2)
  assert.deepEqual(vectors, expected.vectors)
  await page.close()
})

test('a picked file serves both', async () => {
  const result = await inPage(async (requests) => {
    const bytes = new Uint8Array(await (await fetch('/fixtures/gguf/mixed.gguf')).arrayBuffer())
    const key = new TextEncoder().encode('.pooling_type')
    const at = bytes.findIndex((_, i) => key.every((byte, k) => bytes[i + k] === byte))
    // A file that does not say what it is for.
    if (at >= 0) bytes.set(new TextEncoder().encode('.pooling_none'), at)
    const { worker, seen } = pool.watchedWorkers()
    const pair = await loadBoth({ model: new File([bytes], 'mixed.gguf'), device: 'cpu', worker })
    const answers = await answersOf(pair, requests)
    pair.reranker.dispose()
    pair.embedder.dispose()
    return [seen.length, answers.scores.length, answers.vectors.length]
  }, TEXTS)
  assert.deepEqual(result, [1, 3, 3])
})

test('with shared both are one model in the tab that hosts them, and end one after the other', async () => {
  const result = await inPage(async (requests) => {
    const { worker, seen } = pool.watchedWorkers()
    const pair = await loadBoth({ model: '/models/tiny-tied', device: 'cpu', workers: 1, shared: true, worker })
    const { scores, vectors } = await answersOf(pair, requests)
    const shared = [pair.reranker.info.shared, pair.embedder.info.shared, 'dimensions' in pair.embedder.info, 'head' in pair.reranker.info]
    pair.reranker.dispose()
    const { data } = await pair.embedder.embed(requests.embed)
    const same = JSON.stringify(data.map(({ embedding }) => embedding)) === JSON.stringify(vectors)
    pair.embedder.dispose()
    return { started: seen.length, scores, vectors, shared, same }
  }, TEXTS)
  const { scores, vectors } = await apart({ model: '/models/tiny-tied', device: 'cpu' }, TEXTS)
  assert.deepEqual(result, { started: 1, scores, vectors, shared: [true, true, true, true], same: true })
})
