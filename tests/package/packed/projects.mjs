// Throw-away projects outside the repository, so that nothing is found in its node_modules: installed, built and served by their own tools.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { listen, serveFile } from '../../../scripts/serve.mjs'
import { stagePackage } from '../../../scripts/stage-package.mjs'

const ENVIRONMENT = { ...process.env, CI: 'true', NO_COLOR: '1', NEXT_TELEMETRY_DISABLED: '1' }
/** On a machine with two busy cores a development server may need a minute. */
const START_TIMEOUT_MS = 180_000
const INTERRUPTS = ['SIGINT', 'SIGTERM']

const folder = mkdtempSync(join(tmpdir(), 'secondpass-packed-'))
const projects = new Map()

/** The packed package, as it is published. */
export function pack() {
  run('npm', ['pack', '--silent', '--pack-destination', folder], stagePackage())
  return join(
    folder,
    readdirSync(folder).find((file) => file.endsWith('.tgz')),
  )
}

/** A copy of a project with the package and its other dependencies installed; the same one for every caller. */
export function install(source, tarball) {
  const known = projects.get(source)
  if (known) return known
  const copy = join(folder, basename(source))
  const isSource = (path) => !['node_modules', 'dist', '.next', 'package-lock.json'].includes(basename(path))
  cpSync(source, copy, { recursive: true, filter: isSource })
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error', tarball], copy)
  projects.set(source, copy)
  return copy
}

export const removeProjects = () => rmSync(folder, { recursive: true, force: true })

export function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', env: ENVIRONMENT, maxBuffer: 1 << 26 })
  assert.equal(result.status, 0, `${command} ${args.join(' ')}\n${result.stdout}\n${result.stderr}\n${result.error ?? ''}`)
  return result.stdout
}

export async function serveFolder(folder) {
  const server = await listen((request, response) => serveFile(folder, request, response) || response.writeHead(404).end(), 0, true)
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${server.address().port}`, close }
}

/** Serves a folder's files until the check is done. */
export async function withFiles(folder, check) {
  const { url, close } = await serveFolder(folder)
  return check(url).finally(close)
}

/** Runs a script of the project that starts a server, until the check is done. */
export async function withServer(cwd, [script, ...args], env, check) {
  const separated = args.length > 0 ? ['--', ...args] : []
  // A process group of its own: npm does not always pass signals on to what it started.
  const child = spawn('npm', ['run', script, ...separated], { cwd, detached: true, env: { ...ENVIRONMENT, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  // Nor does an interrupt of the tests reach that group.
  const interrupted = () => {
    stop(child)
    process.exit(1)
  }
  for (const signal of INTERRUPTS) process.once(signal, interrupted)
  try {
    return await check(await address(child))
  } finally {
    for (const signal of INTERRUPTS) process.off(signal, interrupted)
    const ended = new Promise((resolve) => child.once('close', resolve))
    if (stop(child)) await ended
  }
}

/** Ends the process group; false if it had ended before. */
function stop(child) {
  try {
    return process.kill(-child.pid, 'SIGTERM')
  } catch {
    return false
  }
}

/** The address that a server prints once it is ready. */
function address(child) {
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => reject(new Error(`The server did not start: ${output}`)), START_TIMEOUT_MS)
    const read = (data) => {
      // Colours would hide the end of an address.
      output += String(data).replace(/\x1b\[[0-9;]*m/g, '')
      const found = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(output)
      if (!found || !/ready|Local/i.test(output)) return
      clearTimeout(timer)
      resolve(found[0].replace('localhost', '127.0.0.1'))
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`The server ended with ${code}: ${output}`))
    })
  })
}
