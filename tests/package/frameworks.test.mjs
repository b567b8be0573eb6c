// `secondpass/react`, `secondpass/vue` and `secondpass/svelte` with the real frameworks, a real model and its workers: the same for each.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { useRerank, useReranker } from 'secondpass/react'
import { compile } from 'svelte/compiler'
import { ROOT } from '../../scripts/lib.mjs'
import { cases, open } from '../browser/harness.mjs'
import { withBundle } from './harness.mjs'

const GOLDEN = cases('tiny-tied').find(({ name }) => name === 'several')
const ORDER = GOLDEN.scores.map((score, index) => ({ score, index })).sort((a, b) => b.score - a.score)
const MODEL = { model: '/models/tiny-tied', device: 'cpu', workers: 1 }
const OTHER = { model: '/models/tiny-untied', device: 'cpu', workers: 1 }
const KEEP = { keepMs: 300 }

let browser
let folder
before(async () => {
  browser = await open()
  mkdirSync(join(ROOT, 'target'), { recursive: true })
  folder = mkdtempSync(join(ROOT, 'target', 'svelte-'))
})
after(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Bundles of the three frameworks: the script, and options of esbuild. */
const FRAMEWORKS = {
  react: () => ['frameworks/react.jsx', []],
  vue: () => [
    'frameworks/vue.js',
    ['--define:__VUE_OPTIONS_API__=true', '--define:__VUE_PROD_DEVTOOLS__=false', '--define:__VUE_PROD_HYDRATION_MISMATCH_DETAILS__=false'],
  ],
  svelte: () => {
    const { js } = compile(readFileSync(join(ROOT, 'tests', 'package', 'pages', 'frameworks', 'Probe.svelte'), 'utf8'), {
      generate: 'client',
      filename: 'Probe.svelte',
    })
    writeFileSync(join(folder, 'probe.js'), js.code)
    return ['frameworks/svelte.js', [`--alias:probe=${join(folder, 'probe.js')}`]]
  },
}

/** A page with the framework's components; what they throw, or leave without a handler, fails the test. */
async function withPage(framework, check) {
  const page = await browser.page()
  const errors = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => message.type() === 'error' && !/404/.test(message.text()) && errors.push(message.text()))
  try {
    await withBundle(page, ...FRAMEWORKS[framework]())
    await check(page)
    assert.deepEqual(errors, [])
  } finally {
    await page.close()
  }
}

/** How many workers the page has, once it is that many. */
async function workers(page, count) {
  for (let tries = 0; page.workers().length !== count && tries < 300; tries++) await new Promise((done) => setTimeout(done, 20))
  assert.equal(page.workers().length, count)
}

for (const framework of Object.keys(FRAMEWORKS)) {
  test(`${framework}: components with equal options share one model, which goes some time after the last of them`, () =>
    withPage(framework, async (page) => {
      const shared = await page.evaluate(
        async ([options, keep]) => {
          mount('a', options, keep)
          mount('b', { ...options }, keep)
          const [a, b] = [await until('a', ({ model }) => model.reranker), await until('b', ({ model }) => model.reranker)]
          window.first = a.model.reranker
          return {
            same: a.model.reranker === b.model.reranker,
            statuses: [...new Set(timeline.a.map(({ model }) => model))],
            fractions: timeline.a.map(({ fraction }) => fraction),
          }
        },
        [MODEL, KEEP],
      )
      assert.ok(shared.same)
      assert.deepEqual(
        shared.statuses.filter((status) => status !== 'idle'),
        ['loading', 'ready'],
      )
      assert.ok(
        shared.fractions.some((fraction) => fraction > 0 && fraction <= 1),
        'no progress was shown',
      )
      await workers(page, 1)

      // One user is left, so it stays; without any it stays for the time that was set.
      const back = await page.evaluate(
        async ([options, keep]) => {
          unmount('a')
          await new Promise((done) => setTimeout(done, 2 * keep.keepMs))
          const stayed = !first.closed
          unmount('b')
          mount('c', options, keep)
          const { model } = await until('c', ({ model }) => model.reranker)
          return { stayed, same: model.reranker === first, loads: timeline.c.some(({ model }) => model === 'loading') }
        },
        [MODEL, KEEP],
      )
      assert.deepEqual(back, { stayed: true, same: true, loads: false })
      await page.evaluate(() => unmount('c'))
      await workers(page, 0)
      assert.ok(await page.evaluate(() => first.closed))
    }))

  test(`${framework}: results arrive while a request runs, and a newer request aborts the one before it`, () =>
    withPage(framework, async (page) => {
      const { early, first, second, shown, live } = await page.evaluate(
        async ([options, golden]) => {
          mount('a', null)
          const { model, answer } = await until('a', () => true)
          const nothing = await answer.run(golden)
          const early = { model: model.status, nothing, error: (await until('a', ({ answer }) => answer.error)).answer.error.message }
          change('a', options)
          const ready = await until('a', ({ model }) => model.reranker)
          const long = ready.answer.run({
            query: golden.query,
            documents: Array.from({ length: 400 }, (_, i) => `document ${i} of many, and each of them has to be read`),
          })
          await until('a', ({ answer }) => answer.status === 'running' && answer.results.length > 0)
          const second = await seen.a.answer.run(golden)
          const done = await until('a', ({ answer }) => answer.status === 'done')
          const live = timeline.a.filter(({ answer, results }) => answer === 'running' && results > 0 && results < 400).length
          return { early, first: (await long) === undefined, second: second.results, shown: done.answer.results, live, same: done.answer.response === second }
        },
        [MODEL, GOLDEN.request],
      )
      assert.equal(early.model, 'idle')
      assert.equal(early.nothing, undefined)
      assert.match(early.error, /not loaded yet/)
      assert.ok(first, 'the older request was answered')
      assert.ok(live > 0)
      assert.deepEqual(shown, second)
      assert.deepEqual(
        shown.map(({ index }) => index),
        ORDER.map(({ index }) => index),
      )
      shown.forEach(({ relevance_score }, i) => assert.ok(Math.abs(relevance_score - ORDER[i].score) < 1e-5))
    }))

  test(`${framework}: a component that goes aborts its request and its load`, () =>
    withPage(framework, async (page) => {
      const { aborted, after } = await page.evaluate(
        async ([options, golden]) => {
          mount('stays', options, { keepMs: 0 })
          mount('goes', options, { keepMs: 0 })
          const { model, answer } = await until('goes', ({ model }) => model.reranker)
          const long = answer.run({ query: 'q', documents: Array.from({ length: 900 }, (_, i) => `document ${i} of many, and each of them has to be read`) })
          await until('goes', ({ answer }) => answer.status === 'running')
          unmount('goes')
          const aborted = (await long) === undefined
          // The model is free at once for the one that stays.
          const after = await model.reranker.rerank(golden)
          unmount('stays')
          return { aborted, after: after.results.length }
        },
        [MODEL, GOLDEN.request],
      )
      assert.ok(aborted)
      assert.equal(after, GOLDEN.request.documents.length)
      await workers(page, 0)
      // A host that does not answer: the load cannot end by itself.
      const held = []
      const path = browser.host({ handle: async (_name, _request, response) => void held.push(response) })
      await page.evaluate((options) => mount('early', options, { keepMs: 0 }), { ...OTHER, model: path })
      await workers(page, 1)
      assert.equal(await page.evaluate(() => seen.early.model.status), 'loading')
      await page.evaluate(() => unmount('early'))
      await workers(page, 0)
      for (const response of held) response.destroy()
    }))

  test(`${framework}: a failure is shown, and retry() loads again; other options load another model`, () =>
    withPage(framework, async (page) => {
      let missing = true
      let asked = 0
      const path = browser.host({
        async handle(name, request, response) {
          asked++
          if (missing) return response.writeHead(404).end()
          const file = await fetch(`${browser.url}/models/tiny-tied/${name}`, {
            method: request.method,
            headers: request.headers.range ? { range: request.headers.range } : {},
          })
          response.writeHead(
            file.status,
            Object.fromEntries([...file.headers].filter(([header]) => !/^(connection|keep-alive|transfer-encoding)$/.test(header))),
          )
          response.end(Buffer.from(await file.arrayBuffer()))
        },
      })
      const failed = await page.evaluate(
        async (options) => {
          mount('a', options)
          const { model } = await until('a', ({ model }) => model.status === 'failed')
          return { code: model.error.code, reranker: model.reranker === undefined }
        },
        { ...MODEL, model: path },
      )
      assert.deepEqual(failed, { code: 'not_found', reranker: true })
      const before = asked
      missing = false
      const again = await page.evaluate(async (other) => {
        seen.a.model.retry()
        const first = await until('a', ({ model }) => model.reranker)
        change('a', other)
        const second = await until('a', ({ model }) => model.reranker && model.reranker !== first.model.reranker)
        change('a', null)
        await until('a', ({ model }) => model.status === 'idle')
        return { error: first.model.error, models: [first.model.reranker.info.model, second.model.reranker.info.model] }
      }, OTHER)
      assert.ok(asked > before)
      assert.equal(again.error, undefined)
      assert.equal(new Set(again.models).size, 2)
    }))

  test(`${framework}: a reranker that is given, or a fallback, is used and never disposed of`, () =>
    withPage(framework, async (page) => {
      const seen = await page.evaluate(
        async ([options, golden]) => {
          const own = await secondpass.Reranker.load(options)
          mount('own', own, { keepMs: 0 })
          const { answer } = await until('own', ({ model }) => model.reranker === own)
          const { results } = await answer.run(golden)
          unmount('own')
          const noWorker = () => {
            throw new Error('no workers here')
          }
          mount('fallen', { model: '/models/absent', worker: noWorker, fallback: own }, { keepMs: 0 })
          await until('fallen', ({ model }) => model.reranker === own)
          unmount('fallen')
          await new Promise((done) => setTimeout(done, 100))
          const usable = !own.closed
          own.dispose()
          return { results: results.length, usable }
        },
        [MODEL, GOLDEN.request],
      )
      assert.deepEqual(seen, { results: GOLDEN.request.documents.length, usable: true })
    }))

  test(`${framework}: work of one's own: the newest counts, values are shown early, errors are states`, () =>
    withPage(framework, async (page) => {
      const outcome = await page.evaluate(async () => {
        mount('a', null)
        const { model } = await until('a', () => true)
        const [one, two] = await Promise.all([model.double.run(1), model.double.run(2)])
        const value = (await until('a', ({ model }) => model.double.status === 'done')).model.double.value
        const failed = await model.double.run(-1)
        const error = (await until('a', ({ model }) => model.double.status === 'failed')).model.double.error.name
        const stopped = model.double.run(3)
        seen.a.model.double.abort()
        const idle = await until('a', ({ model }) => model.double.status === 'idle')
        return { one, two, value, failed, error, stopped: await stopped, status: idle.model.double.status }
      })
      assert.deepEqual(outcome, { two: 4, value: 4, error: 'RangeError', status: 'idle', one: undefined, failed: undefined, stopped: undefined })
    }))
}

const Rendered = () => createElement('p', null, `${useReranker({ model: '/nowhere' }).status} ${useRerank(null).status}`)

test('on a server nothing is loaded: the components are rendered as idle', async () => {
  assert.equal(renderToString(createElement(Rendered)), '<p>idle idle</p>')

  const options = { model: '/nowhere' }
  const { createSSRApp, effectScope, h } = await import('vue')
  const { renderToString: renderVue } = await import('vue/server-renderer')
  const { useReranker: rerankerOf } = await import('secondpass/vue')
  const setup = () => {
    const { status } = rerankerOf(options)
    return () => h('p', status.value)
  }
  assert.equal(await renderVue(createSSRApp({ setup })), '<p>idle</p>')
  // Stores and plugins have scopes without a component, on servers too.
  const scope = effectScope()
  assert.equal(
    scope.run(() => rerankerOf(options).status.value),
    'idle',
  )
  scope.stop()

  const { get } = await import('svelte/store')
  const { rerankerStore } = await import('secondpass/svelte')
  assert.deepEqual(get(rerankerStore(options)), { status: 'idle' })
})

test('a run that has ended stays ended, whatever its work goes on to show', async () => {
  const { get } = await import('svelte/store')
  const { latestStore } = await import('secondpass/svelte')
  const late = []
  const latest = latestStore(async ({ show }, number) => {
    late.push(() => show(0))
    if (number < 0) throw new RangeError('negative')
    return number
  })
  const statuses = []
  const leave = latest.subscribe(({ status, value }) => statuses.push([status, value]))
  const lateShow = async () => {
    late.at(-1)()
    await new Promise((done) => setTimeout(done, 100))
  }
  assert.equal(await latest.run(1), 1)
  await lateShow()
  assert.deepEqual(get(latest), { status: 'done', value: 1 })
  await latest.run(-1)
  await lateShow()
  assert.equal(get(latest).status, 'failed')
  const stopped = latest.run(2)
  latest.abort()
  await lateShow()
  assert.deepEqual([await stopped, get(latest).status], [undefined, 'idle'])
  assert.deepEqual(
    statuses.map(([status]) => status),
    ['idle', 'running', 'done', 'running', 'failed', 'running', 'idle'],
  )
  leave()
})

test('options that are no options are refused at once', async () => {
  const { rerankerStore } = await import('secondpass/svelte')
  assert.throws(() => rerankerStore('hf:a/b').subscribe(() => {}), /give the options of a load, such as \{ model: "hf:a\/b" \}/)
})
