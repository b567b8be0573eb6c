// Finds or installs ruff of exactly this version, from PyPI.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, capture, has, run, step } from '../lib.mjs'

const VERSION = '0.17.6'

/** The path of ruff, or null where there is no Python or its registry is out of reach. */
export function findOrInstallRuff() {
  if (has('ruff') && capture('ruff', ['--version'], { mayFail: true }) === `ruff ${VERSION}`) return 'ruff'
  const home = join(CACHE, `ruff-${VERSION}`)
  const scripts = join(home, process.platform === 'win32' ? 'Scripts' : 'bin')
  const ruff = join(scripts, process.platform === 'win32' ? 'ruff.exe' : 'ruff')
  if (existsSync(ruff)) return ruff
  const python = ['python3', 'python'].find(has)
  if (!python) return null
  step(`Installing ruff ${VERSION}`)
  const installed =
    run(python, ['-m', 'venv', home], { quiet: true, mayFail: true }) &&
    run(join(scripts, 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', `ruff==${VERSION}`], {
      quiet: true,
      mayFail: true,
    })
  return installed ? ruff : null
}
