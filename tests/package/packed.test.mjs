// The package as people get it: packed, installed into throw-away projects and every example, built by their tools, opened in Chromium
// and made to rerank. It needs the npm registry, and minutes: `npm run test:package`.
import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createRerankHandler } from 'secondpass/http'
import { ROOT } from '../../scripts/lib.mjs'
import { scoredBy, serve } from './harness.mjs'
import { assertOrder, CDN, logged, openBrowser, openReference, searchTwice } from './packed/browser.mjs'
import { install, pack, removeProjects, run, withFiles, withServer } from './packed/projects.mjs'

const EXAMPLES = join(ROOT, 'examples')
const PROJECTS = join(dirname(fileURLToPath(import.meta.url)), 'projects')
const MODEL = join(ROOT, 'tests', 'fixtures', 'text', 'tiny-tied')
const bin = (folder, name) => join(folder, 'node_modules', '.bin', name)
const json = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'))

let browser
let reference
let tarball
before(async () => {
  tarball = pack()
  browser = await openBrowser()
  reference = await openReference(browser)
})
after(async () => {
  await browser?.close()
  reference?.close()
  removeProjects()
})

// ---------------------------------------------------------------------------------------------------------------- examples

const PLANETS = ['Paris is in France.', 'Jupiter is large.', 'Mars is red.', 'Saturn has rings.'].map((text) => [text, text])
const VITE = ['--host', '127.0.0.1', '--port', '0']
const NEXT = ['-H', '127.0.0.1', '-p', '0']
const SIRV = { HOST: '127.0.0.1', PORT: '0' }

/**
 * How each example is run and what it must show. `serve`: its scripts that start a server, `args`: their arguments, after `build`
 * where there is one. `documents`: what the model reads, by the title that is shown. `before`: how many are listed before the
 * model is there, and `after`: how many afterwards. `readme`: the ten lines of the package's README replace main.js; where its
 * server finds their model, and the address of the package if it is not its name.
 */
const RUNS = {
  'plain-html': {
    serve: ['start'],
    env: SIRV,
    documents: () => PLANETS,
    before: 4,
    after: 4,
    readme: { models: 'models', importFrom: './node_modules/secondpass/dist/index.js' },
  },
  vite: {
    build: true,
    serve: ['preview', 'dev'],
    args: VITE,
    documents: () => json(EXAMPLES, 'vite', 'articles.json').map(({ title, body }) => [title, `${title}\n${body}`]),
    before: 5,
    after: 5,
    readme: { models: 'public/models' },
  },
  cdn: { serve: ['start'], env: SIRV, documents: () => PLANETS, before: 4, after: 4 },
  esbuild: { serve: ['start'], env: SIRV, documents: () => PLANETS, before: 4, after: 4 },
  react: {
    build: true,
    serve: ['preview', 'dev'],
    args: VITE,
    documents: () => json(EXAMPLES, 'react', 'src', 'questions.json').map(({ question, answer }) => [question, `${question}\n${answer}`]),
    before: 6,
    after: 3,
  },
  nextjs: {
    build: true,
    serve: ['start', 'dev'],
    args: NEXT,
    documents: () => json(EXAMPLES, 'nextjs', 'app', 'recipes.json').map(({ title, text }) => [title, `${title}\n${text}`]),
    before: 5,
    after: 5,
    also: serverSide,
  },
  pagefind: { serve: ['start'], env: SIRV, documents: pages, before: 4, after: 4 },
  'search-index': {
    serve: ['start'],
    env: SIRV,
    documents: () => ownPages('search-index').map(([title, text]) => [title, `${title}\n${text}`]),
    before: 4,
    after: 4,
  },
  'cohere-client': {
    build: true,
    serve: ['preview', 'dev'],
    args: VITE,
    documents: () => PLANETS,
    before: 0,
    after: 3,
  },
}

/** Has no server, and is loaded into Chromium by tests/browser/extension.test.mjs; here it is built. */
const EXTENSION = 'extension'

/** The pages of the Pagefind example as Pagefind reads them. */
function pages() {
  return ownPages('pagefind').map(([title, text]) => [title, `${title}${/\W$/.test(title) ? '' : '.'} ${text}`])
}

/** The pages of an example's site: title and text. */
function ownPages(example) {
  const folder = join(EXAMPLES, example, 'site', 'docs')
  return readdirSync(folder).map((file) => /<h1>(.*)<\/h1>\s*<p>(.*)<\/p>/.exec(readFileSync(join(folder, file), 'utf8')).slice(1))
}

/** The page is rendered on the server, and the route passes requests on. */
async function serverSide(url, upstream) {
  assert.match(await (await fetch(url)).text(), /Lentil soup/)
  const answer = await fetch(`${url}/api/rerank`, { method: 'POST', body: JSON.stringify({ query: 'q', documents: ['a', 'bb'] }) })
  assert.deepEqual((await answer.json()).results, [
    { index: 1, relevance_score: 0.02 },
    { index: 0, relevance_score: 0.01 },
  ])
  assert.deepEqual(upstream.asked.at(-1).documents, ['a', 'bb'])
}

test('every example is run here, asks for this version of the package, and says how to start it', () => {
  const folders = readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
  assert.deepEqual(folders.sort(), [...Object.keys(RUNS), EXTENSION].sort())
  const { version } = json(ROOT, 'pkg', 'package.json')
  for (const name of folders) {
    if (name === 'cdn') assert.ok(readFileSync(join(EXAMPLES, name, 'main.js'), 'utf8').includes(`'${CDN}${version}/dist/index.js'`))
    else assert.equal(json(EXAMPLES, name, 'package.json').dependencies.secondpass, `^${version}`, name)
    const [, command] = /```sh\nnpm install\nnpm (?:run )?(\w+)\n```/.exec(readFileSync(join(EXAMPLES, name, 'README.md'), 'utf8'))
    assert.ok((RUNS[name]?.serve ?? ['build']).includes(command), `${name}: "${command}" is not run here`)
  }
})

test('examples/plain-html, esbuild and cdn are the same page but for the import', () => {
  const main = (example) => readFileSync(join(EXAMPLES, example, 'main.js'), 'utf8').replace(/ from '[^']+'/, '')
  assert.equal(main('esbuild'), main('plain-html'))
  assert.equal(main('cdn'), main('plain-html'))
})

test('the scores that the examples are compared with are those of the reference', async () => {
  const { request } = json(MODEL, 'cases.json').cases.find(({ name }) => name === 'several')
  const { scores } = json(ROOT, 'tests', 'fixtures', 'gguf', 'models.json').find(({ file }) => file === 'mixed.gguf')
  const direct = await reference.score(request.query, request.documents)
  direct.forEach((score, i) => assert.ok(Math.abs(score - scores.several[i]) < 3e-4, `${score} instead of ${scores.several[i]}`))
})

for (const [name, example] of Object.entries(RUNS)) {
  test(`example ${name}`, async () => {
    const folder = install(join(EXAMPLES, name), tarball)
    const upstream = scoredBy((text) => text.length / 100)
    const server = await serve(createRerankHandler(upstream))
    try {
      await inEveryServer(folder, example, { RERANK_URL: `${server.url}/v1/rerank` }, async (url) => {
        await checkSearch(url, example)
        await example.also?.(url, upstream)
      })
    } finally {
      await server.close()
    }
    if (!example.readme) return
    placeModel(join(folder, example.readme.models))
    writeFileSync(join(folder, 'main.js'), readme(example.readme.importFrom))
    await inEveryServer(folder, example, {}, async (url) => assertReranked(await opened(url)))
  })
}

test('example extension is built from the packed package', () => {
  const folder = install(join(EXAMPLES, EXTENSION), tarball)
  run('npm', ['run', 'build'], folder)
  const built = (...path) => readFileSync(join(folder, 'dist', ...path))
  assert.equal(JSON.parse(built('manifest.json')).manifest_version, 3)
  for (const file of ['index.js', 'worker.js', join('wasm', 'secondpass_cpu_bg.wasm')]) {
    assert.equal(Buffer.compare(built('secondpass', file), readFileSync(join(folder, 'node_modules', 'secondpass', 'dist', file))), 0, file)
  }
})

async function inEveryServer(folder, { build, serve, args = [], env }, more, check) {
  if (build) run('npm', ['run', 'build'], folder)
  for (const script of serve) await withServer(folder, [script, ...args], { ...env, ...more }, check)
}

async function checkSearch(url, example) {
  const { query, before, after } = await searchTwice(browser, url)
  const all = new Map(example.documents())
  assert.deepEqual([before.length, after.length], [example.before, example.after])
  assert.ok(
    before.every(({ title, score }) => all.has(title) && score === undefined),
    JSON.stringify(before),
  )
  const candidates = before.length > 0 ? before.map(({ title }) => title) : [...all.keys()]
  const scores = await reference.score(
    query,
    candidates.map((title) => all.get(title)),
  )
  assertOrder(after, new Map(candidates.map((title, i) => [title, scores[i]])))
}

// ------------------------------------------------------------------------------------------------- tools, types and snippets

function placeModel(folder) {
  for (const file of ['config.json', 'tokenizer.json', 'model.safetensors']) cpSync(join(MODEL, file), join(folder, 'tiny-tied', file))
}

/** A project of this folder, with the package installed and the model where its tools serve it. */
function project(name, models) {
  const folder = install(join(PROJECTS, name), tarball)
  if (models) placeModel(join(folder, models))
  return folder
}

/** The ten lines of the README, with a model that is here. */
function readme(importFrom = 'secondpass') {
  const code = /## Ten lines\s+```js\n(.*?)```/s.exec(readFileSync(join(ROOT, 'pkg', 'README.md'), 'utf8'))[1]
  return code
    .replace("'secondpass'", `'${importFrom}'`)
    .replace(/model: '[^']+'/, "model: '/models/tiny-tied', device: 'cpu'")
    .replace('console.log(results)', 'console.log(JSON.stringify({ results }))')
}

/** Two documents with scores, best first. */
function assertReranked({ results }) {
  assert.deepEqual(results.map(({ index }) => index).sort(), [0, 1])
  assert.ok(results[0].relevance_score > results[1].relevance_score && results[1].relevance_score > 0, JSON.stringify(results))
}

const opened = (url) => logged(browser, url)

test('publint and "are the types wrong" have nothing to say', () => {
  run(bin(ROOT, 'publint'), ['run', tarball, '--strict'], ROOT)
  run(bin(ROOT, 'attw'), [tarball, '--profile', 'esm-only', '--exclude-entrypoints', 'wasm', 'wasm-cpu'], ROOT)
})

test('webpack: the ten lines of the README', async () => {
  const folder = project('webpack', 'dist/models')
  writeFileSync(join(folder, 'main.js'), readme())
  cpSync(join(folder, 'index.html'), join(folder, 'dist', 'index.html'))
  run(bin(folder, 'webpack'), ['--mode', 'production', '--entry', './main.js'], folder)
  assertReranked(await withFiles(join(folder, 'dist'), opened))
})

test('TypeScript, strict, with both ways of resolving modules', async () => {
  const folder = project('types', 'models')
  const common = ['--strict', '--noUncheckedIndexedAccess', '--verbatimModuleSyntax', '--target', 'es2022', '--lib', 'es2022,dom', 'main.ts']
  run(bin(folder, 'tsc'), ['--module', 'esnext', '--moduleResolution', 'bundler', '--outDir', 'out', ...common], folder)
  run(bin(folder, 'tsc'), ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--noEmit', ...common], folder)
  run(bin(ROOT, 'esbuild'), ['out/main.js', '--bundle', '--format=esm', '--outfile=out/page.js', '--log-level=error'], folder)
  for (const file of ['worker.js', 'wasm']) cpSync(join(folder, 'node_modules', 'secondpass', 'dist', file), join(folder, 'out', file), { recursive: true })
  const output = await withFiles(folder, opened)
  assertReranked(output)
  assert.equal(output.ranked, 1)
})

test('Vitest with jsdom: the fake, and a real model', () => {
  const folder = project('vitest', '.')
  const output = run(bin(folder, 'vitest'), ['run', '--reporter=verbose'], folder)
  assert.match(output, /Tests +4 passed/)
})

test('Node imports every entry without a browser', () => {
  const folder = project('types')
  const names = ['', '/ai-sdk', '/tanstack-ai', '/langchain', '/http', '/models', '/search', '/testing', '/react', '/vue', '/svelte'].map(
    (path) => `secondpass${path}`,
  )
  const script = `for (const name of ${JSON.stringify(names)}) if (Object.keys(await import(name)).length === 0) process.exit(1)`
  run(process.execPath, ['--input-type=module', '-e', script], folder)
})
