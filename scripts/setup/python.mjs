// A Python environment with exactly the packages that a list names, from PyPI, kept with the other tools.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, fail, has, run, step } from '../lib.mjs'

/** The path of its interpreter. `name` is for people; another list makes another environment. */
export function ensurePython(name, requirements) {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const home = join(CACHE, `python-${name}-${hash}`)
  const python = process.platform === 'win32' ? join(home, 'Scripts', 'python.exe') : join(home, 'bin', 'python')
  const complete = join(home, 'complete')
  if (existsSync(complete)) return python
  const base = ['python3', 'python'].find(has)
  if (!base) fail('Python 3.10 or newer is needed, with its venv module (python3-venv on Debian).')
  step(`Installing the Python packages of ${requirements} into ${home}; torch and what it brings are some gigabytes`)
  rmSync(home, { recursive: true, force: true })
  run(base, ['-m', 'venv', home])
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '-r', requirements])
  writeFileSync(complete, '')
  return python
}
