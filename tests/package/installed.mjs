// The packed package, installed into a folder of its own without the registry: its command as a real process, and a hub for `hf:` names.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ROOT } from '../../scripts/lib.mjs'
import { serveFile } from '../../scripts/serve.mjs'

const TIMEOUT_MS = 120_000
/** Two fixtures under the names that the help of the command uses. */
const HUB = {
  'cross-encoder/ettin-reranker-32m-v1': join(ROOT, 'tests', 'fixtures', 'encoder', 'ettin'),
  'sentence-transformers/all-MiniLM-L6-v2': join(ROOT, 'tests', 'fixtures', 'embedding', 'bert-mean'),
}

function npm(args, cwd) {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')}: ${stdout}${stderr}`)
}

/** A project with the package in it. `environment` is added to that of each process. */
export function installPackage(environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-installed-'))
  npm(['pack', '--silent', '--pack-destination', folder], join(ROOT, 'pkg'))
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', `./${tarball}`], folder)
  const bin = join(folder, 'node_modules', '.bin')
  const env = { ...process.env, NO_COLOR: '1', SECONDPASS_MODELS: join(folder, 'models'), PATH: `${bin}${delimiter}${process.env.PATH}`, ...environment }

  /** Starts a process; `ended` resolves with its output and status. Standard input is closed, or `input`, or for null left open. */
  function start(command, args, { input, cwd = folder, more = {} } = {}) {
    const child = spawn(command, args, { cwd, env: { ...env, ...more }, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], timeout: TIMEOUT_MS })
    if (input != null) child.stdin.on('error', () => {}).end(input)
    const run = { child, stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => (run.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text) => (run.stderr += text))
    run.ended = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (status, signal) => resolve({ status, signal, stdout: run.stdout, stderr: run.stderr }))
    })
    return run
  }
  return {
    folder,
    start: (args, options) => start(join(bin, 'secondpass'), args, options),
    secondpass: (args, options) => start(join(bin, 'secondpass'), args, options).ended,
    shell: (line, options) => start('sh', ['-c', line], options).ended,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A server that answers for models as a hub does. `asked` lists the paths. */
export async function startHub() {
  const asked = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    const [, owner, name, resolve, revision, ...path] = new URL(request.url, 'http://hub').pathname.split('/')
    request.url = `/${path.join('/')}`
    const folder = resolve === 'resolve' && revision === 'main' && HUB[`${owner}/${name}`]
    if (!folder || !serveFile(folder, request, response)) response.writeHead(404).end()
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${server.address().port}`, asked, close }
}
