// The GPU kit on this machine, with its own Chrome and its own libraries.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fail, has } from '../../scripts/lib.mjs'
import { findChromium } from '../../scripts/setup/chromium.mjs'
import { stageKit } from './kit-stage.mjs'
import { BENCHES, CACHE } from './server.mjs'

/** Runs the kit with further `options`, and ends with its status. */
export function measureHere(parts, options) {
  const python = ['python3', 'python'].find(has) ?? fail('No Python was found. Install Python 3.9 or newer.')
  const kit = join(CACHE, 'kit')
  stageKit(
    kit,
    parts.filter((part) => part !== 'browser'),
  )
  const chrome = options.some((option) => option.startsWith('--browser')) ? undefined : findChromium()
  const args = ['--kit', kit, '--default-out', join(BENCHES, 'results'), ...(chrome ? ['--browser', chrome] : []), ...options]
  const { status, error } = spawnSync(python, [join(kit, 'kit.py'), ...args], { stdio: 'inherit' })
  if (error) fail(`${python} could not be started: ${error.message}`)
  process.exitCode = status ?? 1
}
