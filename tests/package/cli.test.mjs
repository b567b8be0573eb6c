// The command of the packed package as a process: what its help teaches runs, scores are the reference's, errors are sentences, Ctrl+C stops.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { models } from 'secondpass/models'
import { has, ROOT } from '../../scripts/lib.mjs'
import { Host } from '../server/faulty.mjs'
import { startServer } from '../server/server.mjs'
import { installPackage, startHub } from './installed.mjs'

const FIXTURES = join(ROOT, 'tests', 'fixtures')
const json = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'))
const COMMANDS = ['rerank', 'embed', 'index', 'search', 'models']
const SCORE_TOLERANCE = 1e-5

let installed
let hub
let server
before(async () => {
  hub = await startHub()
  server = await startServer()
  installed = installPackage({ HF_ENDPOINT: hub.url })
})
after(() => {
  hub?.close()
  installed?.remove()
  return server?.close()
})

/** What is said of every run: it has this status, and no traces of its own code. */
function assertRun({ status, signal, stdout, stderr }, expected) {
  assert.equal(status, expected, `status ${status}, signal ${signal}\n${stdout.slice(0, 500)}\n${stderr.slice(0, 2000)}`)
  assert.doesNotMatch(stderr, /^\s+at |node:internal|\.js:\d+/m)
}

test('the version is the package’s; the overview names every command', async () => {
  const version = await installed.secondpass(['--version'])
  assertRun(version, 0)
  assert.equal(version.stdout, `secondpass ${json(ROOT, 'pkg', 'package.json').version}\n`)
  const help = await installed.secondpass(['--help'])
  assertRun(help, 0)
  for (const name of COMMANDS) assert.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'))
})

test('every example of every help runs as it is pasted', async () => {
  mkdirSync(join(installed.folder, 'dist'))
  mkdirSync(join(installed.folder, 'docs'))
  writeFileSync(join(installed.folder, 'dist', 'index.html'), '<title>Site</title><main><h1>Install</h1><p>How to install it.</p></main>')
  writeFileSync(join(installed.folder, 'docs', 'a.md'), '# A\n\nText of a.')
  writeFileSync(join(installed.folder, 'docs', 'b.md'), '# B\n\nText of b.')
  writeFileSync(join(installed.folder, 'products.jsonl'), '{"sku": 1, "name": "Spade", "description": "For the garden"}\n{"sku": 2, "name": "Saw"}\n')
  let run = 0
  const helps = await Promise.all([['--help'], ...COMMANDS.map((name) => [name, '--help'])].map((args) => installed.secondpass(args)))
  for (const help of helps) {
    assertRun(help, 0)
    const examples = help.stdout.split('\n').filter((line) => /^ {2}.*npx secondpass /.test(line))
    assert.ok(examples.length > 0, help.stdout)
    for (const line of examples) {
      const result = await installed.shell(line.trim().replaceAll('npx secondpass', 'npx --no-install secondpass'))
      assertRun(result, 0)
      assert.notEqual(result.stdout, '', line)
      run++
    }
  }
  assert.ok(run >= 14, `${run} examples`)
  assert.ok(hub.asked.some((path) => path.startsWith('/cross-encoder/ettin-reranker-32m-v1/resolve/main/')))
})

test('a model is fetched once; --no-cache fetches it each time; models --stored lists it and --remove removes it', async () => {
  const embed = ['embed', '--model', 'hf:sentence-transformers/all-MiniLM-L6-v2', '--input', 'a']
  assertRun(await installed.secondpass(embed), 0)
  const asked = hub.asked.length
  assertRun(await installed.secondpass(embed), 0)
  assert.equal(hub.asked.length, asked)
  assertRun(await installed.secondpass([...embed, '--no-cache']), 0)
  assert.ok(hub.asked.length > asked)
  const stored = await installed.secondpass(['models', '--stored', '--json'])
  const address = `${hub.url}/sentence-transformers/all-MiniLM-L6-v2/resolve/main`
  assert.ok(JSON.parse(stored.stdout).some(({ url, complete }) => url === `${address}/model.safetensors` && complete))
  const removed = await installed.secondpass(['models', '--remove', address])
  assertRun(removed, 0)
  assert.match(removed.stderr, /^\d+ files were removed/)
  assert.doesNotMatch((await installed.secondpass(['models', '--stored'])).stdout, /MiniLM/)
})

test('models --remove knows a model by the name, and the hub, that it was loaded with', async () => {
  const other = await startHub()
  try {
    const name = 'hf:sentence-transformers/all-MiniLM-L6-v2'
    for (const at of [[], ['--hub', `${other.url}/`]]) assertRun(await installed.secondpass(['embed', '--model', name, '--input', 'a', ...at]), 0)
    const hosts = async () => {
      const { stdout } = await installed.secondpass(['models', '--stored', '--json'])
      return [hub, other].filter(({ url }) => JSON.parse(stdout).some((file) => file.url.startsWith(`${url}/sentence-transformers/`)))
    }
    assert.deepEqual(await hosts(), [hub, other])
    const elsewhere = await installed.secondpass(['models', '--remove', name, '--hub', 'http://127.0.0.1:9/'])
    assertRun(elsewhere, 0)
    assert.match(elsewhere.stderr, /^Nothing of hf:/)
    for (const [at, left] of [
      [['--hub', other.url], [hub]],
      [[], []],
    ]) {
      const removed = await installed.secondpass(['models', '--remove', name, ...at])
      assertRun(removed, 0)
      assert.match(removed.stderr, /^\d+ files were removed/)
      assert.deepEqual(await hosts(), left)
    }
    const none = await installed.secondpass(['models', '--remove', 'hf:../..'])
    assertRun(none, 1)
    assert.match(none.stderr, /hf:\.\.\/\.\./)
  } finally {
    other.close()
  }
})

test('rerank: a request from a file and from standard input has the reference’s scores', async () => {
  const folder = join(FIXTURES, 'text', 'tiny-tied')
  const { request, scores } = json(folder, 'cases.json').cases.find(({ scores }) => scores.length > 2)
  writeFileSync(join(installed.folder, 'request.json'), JSON.stringify(request))
  const runs = [
    await installed.secondpass(['rerank', '--model', folder, '--request', 'request.json']),
    await installed.secondpass(['rerank', '--model', folder, '--request', '-'], { input: JSON.stringify(request) }),
    await installed.secondpass(['rerank', '--model', `${server.url}/models/tiny-tied`, '--request', 'request.json', '--top-n', '2', '--workers', '2']),
  ]
  for (const run of runs) assertRun(run, 0)
  const answers = runs.map(({ stdout }) => JSON.parse(stdout).results)
  for (const results of answers) for (const { index, relevance_score } of results) assert.ok(Math.abs(relevance_score - scores[index]) <= SCORE_TOLERANCE)
  assert.deepEqual(
    answers.map(({ length }) => length),
    [scores.length, scores.length, 2],
  )
})

test('rerank: a GGUF file, and pictures by their paths beside the request', async () => {
  const gguf = await installed.secondpass(['rerank', '--model', join(FIXTURES, 'gguf', 'mixed.gguf'), '--query', 'a', '--document', 'b', '--return-documents'])
  assertRun(gguf, 0)
  assert.deepEqual(JSON.parse(gguf.stdout).results[0].document, { text: 'b' })
  const folder = join(FIXTURES, 'vl', 'vl-tied')
  const { request, scores } = json(folder, 'cases.json').cases.find(({ name }) => name === 'image')
  mkdirSync(join(installed.folder, 'some where'))
  mkdirSync(join(installed.folder, 'pictures'))
  for (const { image } of request.documents) writeFileSync(join(installed.folder, 'some where', image), readFileSync(join(folder, image)))
  writeFileSync(join(installed.folder, 'some where', 'request.json'), JSON.stringify(request))
  const seen = await installed.secondpass(['rerank', '--model', folder, '--request', join('some where', 'request.json'), '--strict'])
  assertRun(seen, 0)
  for (const { index, relevance_score } of JSON.parse(seen.stdout).results) assert.ok(Math.abs(relevance_score - scores[index]) <= 1e-4, `${relevance_score}`)
})

test('embed: vectors are the reference’s, in every format', async () => {
  const folder = join(FIXTURES, 'embedding', 'bert-mean')
  const [{ request }] = json(folder, 'cases.json').cases
  const whole = await installed.secondpass(['embed', '--model', folder, '--request', '-'], { input: JSON.stringify(request) })
  assertRun(whole, 0)
  const { data } = JSON.parse(whole.stdout)
  assert.equal(data.length, request.input.length)
  const vector = data[0].embedding
  assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5)
  const int8 = await installed.secondpass(['embed', '--model', folder, '--input', request.input[0], '--encoding-format', 'int8'])
  const bytes = JSON.parse(int8.stdout).data[0].embedding
  const length = Math.hypot(...bytes)
  const cosine = vector.reduce((sum, value, i) => sum + (value * bytes[i]) / length, 0)
  assert.ok(cosine > 0.999, `${cosine}`)
  const prompted = await installed.secondpass(['embed', '--model', folder, '--input', 'x', '--input-type', 'query', '--query-prompt', 'search: '])
  const plain = await installed.secondpass(['embed', '--model', folder, '--input', 'search: x'])
  JSON.parse(prompted.stdout).data[0].embedding.forEach((value, i) => assert.ok(Math.abs(value - JSON.parse(plain.stdout).data[0].embedding[i]) < 1e-6))
})

test('models: the catalogue, and parts of it', async () => {
  const all = await installed.secondpass(['models', '--json'])
  assert.deepEqual(JSON.parse(all.stdout), models)
  const japanese = JSON.parse((await installed.secondpass(['models', '--language', 'ja', '--commercial', '--json'])).stdout)
  assert.ok(japanese.length > 0 && japanese.length < models.length)
  for (const { languages, commercial } of japanese) assert.ok(commercial && (languages.includes('ja') || languages.includes('mul')))
  const text = (await installed.secondpass(['models'])).stdout
  for (const { id } of models) assert.ok(text.includes(`\n${id} `), id)
})

const MODEL = join(FIXTURES, 'text', 'tiny-tied')
const EMBEDDER = join(FIXTURES, 'embedding', 'bert-mean')
/** Arguments, the status, and what the sentence says. */
const MISTAKES = [
  [[], 2, /no command is named/],
  [['rernk'], 2, /no command "rernk"; did you mean rerank\?/],
  [['convert'], 2, /native/],
  [['rerank'], 2, /--model is missing; write --model hf:/],
  [['rerank', '--modl', 'x'], 2, /no option --modl; did you mean --model\?/],
  [['rerank', '--model'], 2, /--model needs a value/],
  [['rerank', '--model', MODEL], 2, /the query is missing/],
  [['rerank', '--model', MODEL, '--query', 'a'], 2, /there is no document/],
  [['rerank', '--model', MODEL, '--query', 'a', '--query', 'b', '--document', 'c'], 2, /--query is given twice/],
  [['rerank', '--model', MODEL, '--query', 'capital', 'of', 'China'], 2, /"of" belongs to no option.*quotes/],
  [['rerank', '--model', MODEL, '--query', 'a', '--document', 'b', '--top-n', 'two'], 2, /--top-n is "two"; give a whole number/],
  [['rerank', '--model', MODEL, '--query', 'a', '--document', 'b', '--device', 'gpu'], 2, /--device is "gpu"; there is only cpu/],
  [['rerank', '--model', MODEL, '--query', 'a', '--document', 'b', '--strict=yes'], 2, /--strict takes no value/],
  [['rerank', '--model', MODEL, '--request', 'missing.json'], 2, /missing\.json could not be read/],
  [['rerank', '--model', 'cross-encoder/none', '--query', 'a', '--document', 'b'], 2, /no file or folder "cross-encoder\/none".*hf:owner\/name/],
  [['rerank', '--model', join(MODEL, 'config.json'), '--query', 'a', '--document', 'b'], 2, /single file; give the folder/],
  [['rerank', '--model', 'hf:nobody/nothing', '--query', 'a', '--document', 'b'], 1, /config\.json/],
  [['rerank', '--model', MODEL, '--query', 'a', '--document', 'b', '--workers', '999'], 1, /workers is 999/],
  [['embed', '--model', MODEL, '--input', 'a', '--input-type', 'question'], 2, /--input-type is "question"; there are query, document/],
  [['search', 'missing.sp', 'q'], 2, /no file "missing\.sp"/],
  [['search', 'package.json', 'q'], 1, /does not begin as one/],
  [['search', 'a.sp', 'two', 'words'], 2, /quotes around the query/],
  [['index', '--out', 'x.sp'], 2, /no files are named/],
  [['index', 'package.json'], 2, /--out is missing/],
  [['index', join(ROOT, 'README.md'), '--out', 'x.sp', '--embedder', EMBEDDER, '--dimensions', '99999'], 1, /dimensions/],
  [['index', 'missing', '--out', 'x.sp'], 2, /no file or folder "missing"/],
  [['models', 'all'], 2, /"all" is not understood/],
]

test('mistakes are told in a sentence that says what to write, with a status that tells whose they are', async () => {
  for (const [args, status, message] of MISTAKES) {
    const run = await installed.secondpass(args)
    assertRun(run, status)
    assert.match(run.stderr, message, args.join(' '))
    assert.equal(run.stdout, '', args.join(' '))
    assert.match(run.stderr, /^secondpass: /)
  }
  for (const [input, message] of [
    ['{', /not JSON/],
    ['[]', /JSON object/],
    ['{"query": "a", "documents": "b"}', /documents/],
  ]) {
    const run = await installed.secondpass(['rerank', '--model', MODEL, '--request', '-'], { input })
    assertRun(run, 1)
    assert.match(run.stderr, message)
  }
  assert.ok(!existsSync(join(installed.folder, 'x.sp')))
})

/** A model whose download takes seconds. */
function slowModel() {
  const files = Object.fromEntries(['config.json', 'tokenizer.json', 'model.safetensors'].map((name) => [name, readFileSync(join(MODEL, name))]))
  const host = new Host(files, { delay: 100 })
  const id = `h${server.hosts.size}`
  server.hosts.set(id, host)
  return { host, args: ['rerank', '--model', `${server.url}/host/${id}/`, '--query', 'a', '--document', 'b'] }
}

test('progress of what takes longer is plain lines on standard error, where that is no terminal', async () => {
  const { args } = slowModel()
  const run = await installed.secondpass(args)
  assertRun(run, 0)
  assert.equal(JSON.parse(run.stdout).results.length, 1)
  assert.match(run.stderr, /^Fetching the model.* \d+ %$/m)
  assert.doesNotMatch(run.stderr, /[\r\x1b]/)
})

test('in a terminal, progress is one line that is drawn again and leaves nothing', { skip: !has('script') && 'there is no script command' }, async () => {
  const { args } = slowModel()
  const line = ['secondpass', ...args].map((arg) => `'${arg}'`).join(' ')
  // The command's output goes to the terminal of `script`, which copies it.
  const run = await installed.shell(`script -qec "${line} > answer.json" /dev/null`)
  assert.equal(run.status, 0, run.stderr)
  assert.match(run.stdout, /\r\x1b\[2K\[#*\.*\] Fetching the model.* \d+ %/)
  assert.ok(run.stdout.endsWith('\r\x1b[2K'))
  assert.equal(JSON.parse(readFileSync(join(installed.folder, 'answer.json'), 'utf8')).results.length, 1)
})

test('Ctrl+C ends a load at once, what was fetched stays, and the next run goes on', async () => {
  const { host, args } = slowModel()
  const { child, ended } = installed.start(args)
  const size = readFileSync(join(MODEL, 'model.safetensors')).length
  while ((host.served['model.safetensors'] ?? 0) < size / 3) await new Promise((done) => setTimeout(done, 20))
  const start = performance.now()
  child.kill('SIGINT')
  const stopped = await ended
  assertRun(stopped, 130)
  assert.match(stopped.stderr, /secondpass: stopped\n$/)
  assert.ok(performance.now() - start < 3000, 'it took too long')
  assert.equal(stopped.stdout, '')
  host.faults = {}
  assertRun(await installed.secondpass(args), 0)
})

test('Ctrl+C ends waiting for standard input', async () => {
  const run = installed.start(['rerank', '--model', MODEL, '--request', '-'], { input: null })
  run.child.stdin.write('{"query": ')
  await new Promise((done) => setTimeout(done, 1500))
  run.child.kill('SIGINT')
  const stopped = await run.ended
  assertRun(stopped, 130)
  assert.equal(stopped.stderr, 'secondpass: stopped\n')
})

test('a reader that has had enough is no failure', { skip: !has('bash') && 'there is no bash' }, async () => {
  const run = await installed.shell(`bash -c 'set -o pipefail; secondpass models --json | head -c 10'`)
  assertRun(run, 0)
})

test('a reader that does not listen to progress and errors is none either', { skip: !has('bash') && 'there is no bash' }, async () => {
  const { args } = slowModel()
  const line = ['secondpass', ...args].map((arg) => `'${arg}'`).join(' ')
  const run = await installed.shell(`bash -c "set -o pipefail; { ${line.replaceAll("'", '')} 2>&1 >heard.json | true; }"`)
  assertRun(run, 0)
  assert.equal(JSON.parse(readFileSync(join(installed.folder, 'heard.json'), 'utf8')).results.length, 1)
})
