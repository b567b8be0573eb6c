// What every script shares: running commands, saying what happens, failing in one clear sentence.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Tools and CI builds live here, outside the clone, so that a fresh clone finds them again. */
export const CACHE = process.env.SECONDPASS_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'secondpass')

/** Where cargo builds. CI clones afresh every time and reuses the cache's; people keep target/ in their clone. */
export const TARGET_DIR = process.env.CARGO_TARGET_DIR ?? (process.env.CI ? join(CACHE, 'target') : join(ROOT, 'target'))

export const step = (text) => console.log(`\x1b[1m› ${text}\x1b[0m`)

export function fail(text) {
  console.error(`\n✗ ${text}`)
  process.exit(1)
}

export const has = (command) =>
  (process.env.PATH ?? '').split(delimiter).some((dir) => existsSync(join(dir, command)) || existsSync(join(dir, `${command}.exe`)))

/** Runs a command; true if it succeeded. A failure ends the script unless `mayFail`. */
export function run(command, args, { cwd = ROOT, env = {}, quiet = false, mayFail = false } = {}) {
  const result = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, stdio: quiet ? 'ignore' : ['ignore', 'inherit', 'inherit'] })
  if (result.status === 0) return true
  if (!mayFail) fail(`${command} ${args.join(' ')} failed${result.error ? `: ${result.error.message}` : ''}.`)
  return false
}

/** What a command prints. */
export function capture(command, args, { cwd = ROOT, mayFail = false } = {}) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 })
  if (result.status !== 0 && !mayFail) fail(`${command} ${args.join(' ')} failed: ${result.stderr ?? result.error?.message}`)
  return (result.stdout ?? '').trim()
}

/** [`run`] without blocking, so that steps can go on side by side. */
run.async = (command, args, { cwd = ROOT, env = {} } = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', (error) => fail(`${command} could not be started: ${error.message}`))
    child.on('close', (status) => (status === 0 ? resolve() : fail(`${command} ${args.join(' ')} failed.`)))
  })

/** Runs a step of a build and says how long it took, if that was worth saying. */
export async function timed(name, work) {
  step(name)
  const start = Date.now()
  const result = await work()
  const seconds = (Date.now() - start) / 1000
  if (seconds >= 0.5) console.log(`  ${name}: ${seconds.toFixed(1)} s`)
  return result
}

/**
 * Environment of a cargo command that compiles our crate with clippy, warnings being errors. `cargo clippy` would check all
 * dependencies a second time; this way they are compiled once, for the lints and for what is built.
 */
export const clippy = () => ({ RUSTC_WORKSPACE_WRAPPER: 'clippy-driver', CLIPPY_ARGS: '-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__' })
