// The package as people get it: packed, installed into throw-away projects, built by their tools, opened in Chromium and made to
// rerank. It needs the npm registry, and minutes: `npm run test:package`.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { createRerankHandler } from '../../pkg/dist/http/index.js'
import { ROOT } from '../../scripts/lib.mjs'
import { listen, serveFile } from '../../scripts/serve.mjs'
import { ensureChromium } from '../../scripts/setup/chromium.mjs'
import { scoredBy, serve } from './harness.mjs'

const PROJECTS = join(dirname(fileURLToPath(import.meta.url)), 'projects')
const PACKED = join(ROOT, 'target', 'packed')
const MODEL = join(ROOT, 'tests', 'fixtures', 'text', 'tiny-tied')
const bin = (folder, name) => join(folder, 'node_modules', '.bin', name)

let browser
let tarball
before(async () => {
  rmSync(PACKED, { recursive: true, force: true })
  mkdirSync(PACKED, { recursive: true })
  run('npm', ['pack', '--silent', '--pack-destination', PACKED], join(ROOT, 'pkg'))
  tarball = join(
    PACKED,
    readdirSync(PACKED).find((file) => file.endsWith('.tgz')),
  )
  browser = await chromium.launch({ executablePath: ensureChromium(), args: ['--no-sandbox'], headless: true })
})
after(() => browser?.close())

function run(command, args, cwd, env = {}) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, CI: 'true', NEXT_TELEMETRY_DISABLED: '1', ...env },
    maxBuffer: 1 << 26,
  })
  assert.equal(result.status, 0, `${command} ${args.join(' ')}\n${result.stdout}\n${result.stderr}\n${result.error ?? ''}`)
  return result.stdout
}

/** A copy of a project with the package installed and the model in a folder that its tools serve. */
function project(name, models = 'models') {
  const folder = join(PACKED, name)
  cpSync(join(PROJECTS, name), folder, { recursive: true })
  for (const file of ['config.json', 'tokenizer.json', 'model.safetensors']) cpSync(join(MODEL, file), join(folder, models, 'tiny-tied', file))
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', tarball], folder)
  return folder
}

/** The ten lines of the README, with a model that is here. */
function readme() {
  const code = /## Ten lines\s+```js\n(.*?)```/s.exec(readFileSync(join(ROOT, 'pkg', 'README.md'), 'utf8'))[1]
  return code.replace(/model: '[^']+'/, "model: '/models/tiny-tied', device: 'cpu'").replace('console.log(results)', 'console.log(JSON.stringify({ results }))')
}

/** Opens a page and gives what it says; every error on it counts. */
async function opened(url) {
  const page = await browser.newPage()
  const errors = []
  try {
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('response', (response) => {
      if (response.status() >= 400) errors.push(`${response.status()} ${response.url()}`)
    })
    const said = page.waitForEvent('console', { predicate: (message) => message.text().startsWith('{'), timeout: 60_000 })
    const first = said.then(
      (message) => JSON.parse(message.text()),
      (error) => ({ error: error.message }),
    )
    await page.goto(url)
    const value = await first
    assert.deepEqual([value.error, errors], [undefined, []])
    return { ...value, text: await page.textContent('body') }
  } finally {
    await page.close()
  }
}

/** Two documents with scores, best first. */
function reranked({ results }) {
  assert.deepEqual(results.map(({ index }) => index).sort(), [0, 1])
  assert.ok(results[0].relevance_score > results[1].relevance_score && results[1].relevance_score > 0, JSON.stringify(results))
}

async function statically(folder, check) {
  const server = await listen((request, response) => serveFile(folder, request, response) || response.writeHead(404).end(), 0, true)
  try {
    return await check(`http://127.0.0.1:${server.address().port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** A tool's own server, until the check is done. */
async function served(command, args, cwd, env, check) {
  const child = spawn(command, args, { cwd, env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  try {
    const url = await new Promise((resolve, reject) => {
      const look = (data) => {
        // Colours would hide the end of an address.
        output += String(data).replace(/\x1b\[[0-9;]*m/g, '')
        const found = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(output)
        if (found && /ready|Local/i.test(output)) resolve(found[0].replace('localhost', '127.0.0.1'))
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      child.on('exit', () => reject(new Error(`${command} ended: ${output}`)))
      setTimeout(() => reject(new Error(`${command} did not start: ${output}`)), 60_000).unref()
    })
    return await check(url)
  } finally {
    child.kill()
  }
}

test('publint and "are the types wrong" have nothing to say', () => {
  run(bin(ROOT, 'publint'), ['run', tarball, '--strict'], ROOT)
  run(bin(ROOT, 'attw'), [tarball, '--profile', 'esm-only', '--exclude-entrypoints', 'wasm', 'wasm-cpu'], ROOT)
})

test('Vite: the ten lines of the README, built and under its own server', async () => {
  const folder = project('vite', 'public/models')
  writeFileSync(join(folder, 'main.js'), readme())
  run(bin(folder, 'vite'), ['build', '--logLevel', 'warn'], folder)
  reranked(await statically(join(folder, 'dist'), opened))
  reranked(await served(bin(folder, 'vite'), ['--host', '127.0.0.1', '--port', '0'], folder, {}, opened))
})

test('webpack', async () => {
  const folder = project('webpack', 'dist/models')
  writeFileSync(join(folder, 'main.js'), readme())
  cpSync(join(folder, 'index.html'), join(folder, 'dist', 'index.html'))
  run(bin(folder, 'webpack'), ['--mode', 'production', '--entry', './main.js'], folder)
  reranked(await statically(join(folder, 'dist'), opened))
})

test('a plain module under a strict content security policy', async () => {
  const folder = project('static')
  writeFileSync(join(folder, 'main.js'), readme().replace("'secondpass'", "'./node_modules/secondpass/dist/index.js'"))
  reranked(await statically(folder, opened))
})

test('TypeScript, strict, with both ways of resolving modules', async () => {
  const folder = project('types')
  const common = ['--strict', '--noUncheckedIndexedAccess', '--verbatimModuleSyntax', '--target', 'es2022', '--lib', 'es2022,dom', 'main.ts']
  run(bin(folder, 'tsc'), ['--module', 'esnext', '--moduleResolution', 'bundler', '--outDir', 'out', ...common], folder)
  run(bin(folder, 'tsc'), ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--noEmit', ...common], folder)
  run(bin(ROOT, 'esbuild'), ['out/main.js', '--bundle', '--format=esm', '--outfile=out/page.js', '--log-level=error'], folder)
  for (const file of ['worker.js', 'wasm']) cpSync(join(folder, 'node_modules', 'secondpass', 'dist', file), join(folder, 'out', file), { recursive: true })
  const said = await statically(folder, opened)
  reranked(said)
  assert.equal(said.ranked, 1)
})

test('Next.js: built, rendered on the server, reranking in the browser and behind a route; and while developing', async () => {
  const folder = project('next', 'public/models')
  run(bin(folder, 'next'), ['build'], folder)
  const upstream = await serve(createRerankHandler(scoredBy((text) => text.length / 100)))
  try {
    await served(bin(folder, 'next'), ['start', '-p', '0', '-H', '127.0.0.1'], folder, { UPSTREAM: `${upstream.url}/v1/rerank` }, async (url) => {
      const said = await opened(url)
      reranked(said)
      assert.match(said.text, /undefined function function/)
      const answer = await fetch(`${url}/rerank`, { method: 'POST', body: JSON.stringify({ query: 'q', documents: ['a', 'bb'] }) })
      assert.deepEqual((await answer.json()).results, [
        { index: 1, relevance_score: 0.02 },
        { index: 0, relevance_score: 0.01 },
      ])
    })
  } finally {
    await upstream.close()
  }
  reranked(await served(bin(folder, 'next'), ['dev', '-p', '0', '-H', '127.0.0.1'], folder, {}, opened))
})

test('Node imports every entry without a browser', () => {
  const folder = project('types')
  const names = ['', '/ai-sdk', '/langchain', '/http'].map((path) => `secondpass${path}`)
  const script = `for (const name of ${JSON.stringify(names)}) if (Object.keys(await import(name)).length === 0) process.exit(1)`
  run(process.execPath, ['--input-type=module', '-e', script], folder)
})
