// The package in a fresh Node project, in Deno and in Bun: a model from a path, a file's address, a URL; the scores of the reference; errors; and the process ends.
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { DEMO } from '../../scripts/build.mjs'
import { ROOT } from '../../scripts/lib.mjs'
import { findOrInstallRuntime } from '../../scripts/setup/runtimes.mjs'
import { startServer } from '../server/server.mjs'

const FIXTURES = join(ROOT, 'tests', 'fixtures')
/** As in tests/reference.rs. */
const SCORE_TOLERANCE = 1e-5
const TIMEOUT_MS = 120_000

/** Ten lines, as a person would write them. The process has to end by itself. */
const PROGRAM = `
import { Reranker } from 'secondpass'

const { options, requests } = JSON.parse(process.argv[2])
const reranker = await Reranker.load(options)
const answers = []
for (const request of requests) answers.push((await reranker.rerank(request)).results)
console.log(JSON.stringify({ info: reranker.info, answers }))
reranker.dispose()
`

let folder
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'secondpass-node-'))
  const installed = join(folder, 'node_modules', 'secondpass')
  mkdirSync(installed, { recursive: true })
  cpSync(join(ROOT, 'pkg', 'package.json'), join(installed, 'package.json'))
  cpSync(join(ROOT, 'pkg', 'dist'), join(installed, 'dist'), { recursive: true })
  cpSync(join(FIXTURES, 'text', 'tiny-tied'), join(folder, 'models', 'tiny-tied'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: { secondpass: '*' } }))
  writeFileSync(join(folder, 'main.mjs'), PROGRAM)
  writeFileSync(join(folder, 'common.cjs'), `import('secondpass').then(({ Reranker }) => console.log(typeof Reranker.load))`)
})
after(() => rmSync(folder, { recursive: true, force: true }))

const node = (...args) => promisify(execFile)(process.execPath, args, { cwd: folder, timeout: TIMEOUT_MS })
const run = async (options, requests) => JSON.parse((await node('main.mjs', JSON.stringify({ options, requests }))).stdout)
const { cases } = JSON.parse(readFileSync(join(FIXTURES, 'text', 'tiny-tied', 'cases.json'), 'utf8'))

async function assertScores(model) {
  const { info, answers } = await run(
    { model },
    cases.map(({ request }) => request),
  )
  assert.equal(info.device, 'cpu')
  cases.forEach(({ scores }, i) => {
    assert.equal(answers[i].length, scores.length)
    for (const { index, relevance_score } of answers[i]) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE, `${model}: ${relevance_score}`)
  })
}

test('a path relative to the folder of the process', () => assertScores('models/tiny-tied'))

test('an absolute path, and the address of a file', async () => {
  const path = join(FIXTURES, 'text', 'tiny-tied')
  await assertScores(path)
  await assertScores(pathToFileURL(path).href)
})

test('a URL', async () => {
  const server = await startServer()
  try {
    await assertScores(`${server.url}/models/tiny-tied`)
  } finally {
    await server.close()
  }
})

test("the demo's model", { skip: !existsSync(join(DEMO, 'model', 'demo-emoji-Q8_0.gguf')) && 'this build has no trained model' }, async () => {
  const { info, answers } = await run({ model: join(DEMO, 'model', 'demo-emoji-Q8_0.gguf') }, [
    { query: 'why is the red planet red', documents: ['Bread rises because of yeast.', 'Mars is the red planet: its dust is rusty iron.'] },
  ])
  assert.equal(info.family, 'qwen3-vl-reranker')
  assert.equal(answers[0][0].index, 1)
})

test('what is not there, and WebGPU, are typed errors, and the process ends', async () => {
  const failure = (options) => node('main.mjs', JSON.stringify({ options, requests: [] })).catch(({ code, stderr }) => ({ code, stderr }))
  const missing = await failure({ model: 'models/none' })
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /SecondpassError[\s\S]*code: 'not_found'/)
  assert.match((await failure({ model: 'models/tiny-tied', device: 'webgpu' })).stderr, /code: 'no_webgpu'/)
})

test('a CommonJS module imports it', async () => {
  assert.equal((await node('common.cjs')).stdout.trim(), 'function')
})

/** Deno and Bun, with what runs a program in them. */
const RUNTIMES = { deno: ['run', '--allow-all'], bun: [] }

for (const [name, args] of Object.entries(RUNTIMES)) {
  const runtime = findOrInstallRuntime(name)
  const other = async (options) => {
    const [{ request, scores }] = cases
    const program = [...args, 'main.mjs', JSON.stringify({ options, requests: [request] })]
    const { stdout } = await promisify(execFile)(runtime, program, { cwd: folder, timeout: TIMEOUT_MS })
    const { info, answers } = JSON.parse(stdout)
    assert.equal(answers[0].length, scores.length)
    for (const { index, relevance_score } of answers[0]) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE)
    return info
  }

  test(`the same program in ${name}`, { skip: !runtime && `${name} is not installed` }, async () => {
    const info = await other({ model: 'models/tiny-tied' })
    assert.deepEqual([info.device, info.storage], ['cpu', 'file'])
    const server = await startServer()
    try {
      // Nothing is kept that nobody asked to keep, and what is asked for is.
      assert.equal((await other({ model: `${server.url}/models/tiny-tied` })).storage, 'memory')
      assert.equal((await other({ model: `${server.url}/models/tiny-tied`, cache: { folder: `kept-${name}` }, workers: 2 })).storage, 'folder')
    } finally {
      await server.close()
    }
    assert.equal((await other({ model: `${server.url}/models/tiny-tied`, cache: { folder: `kept-${name}` } })).storage, 'folder')
  })
}

const deno = findOrInstallRuntime('deno')
const ASKS_FOR_ADAPTER = 'console.log(Boolean(await navigator.gpu?.requestAdapter()))'
const hasAdapter = () => execFileSync(deno, ['eval', ASKS_FOR_ADAPTER], { encoding: 'utf8', stdio: 'pipe' }).trim() === 'true'

test('WebGPU in Deno', { skip: !(deno && hasAdapter()) && 'there is no Deno, or no adapter for it' }, async () => {
  const [{ request, scores }] = cases
  const program = JSON.stringify({ options: { model: 'models/tiny-tied', device: 'webgpu' }, requests: [request] })
  const { stdout } = await promisify(execFile)(deno, ['run', '--allow-all', 'main.mjs', program], { cwd: folder, timeout: TIMEOUT_MS })
  const { info, answers } = JSON.parse(stdout)
  assert.deepEqual([info.device, info.storage], ['webgpu', 'file'])
  for (const { index, relevance_score } of answers[0]) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE)
})
