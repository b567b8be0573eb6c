// Finds or installs Deno and Bun, from npm: without install scripts, which only copy what the package for this platform holds.
import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, has, run, step } from '../lib.mjs'

/** Versions that the tests were written with. Each is a package that depends on one for every platform. */
const RUNTIMES = {
  deno: { version: '2.9.6', scope: '@deno', binary: 'deno' },
  bun: { version: '1.4.5', scope: '@oven', binary: join('bin', 'bun') },
}

/** The command, or null where it is neither installed nor to be had for this platform. @param {'deno' | 'bun'} name */
export function findOrInstallRuntime(name) {
  if (has(name)) return name
  const { version, scope, binary } = RUNTIMES[name]
  const home = join(CACHE, `${name}-${version}`)
  const installed = installedIn(join(home, 'node_modules', scope), binary)
  if (installed) return installed
  step(`installing ${name} ${version}`)
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--prefix', home, `${name}@${version}`]
  if (!run('npm', args, { quiet: true, mayFail: true })) return null
  return installedIn(join(home, 'node_modules', scope), binary)
}

/** Only the packages for this platform are installed; of several, such as those for other C libraries, the first by name. */
function installedIn(folder, binary) {
  const end = process.platform === 'win32' ? '.exe' : ''
  const paths = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name, binary + end)) : []
  const path = paths.find(existsSync)
  if (path) chmodSync(path, 0o755)
  return path ?? null
}
