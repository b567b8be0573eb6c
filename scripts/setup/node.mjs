// Installs the npm packages of the lock file, when it has changed since the last time.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ROOT, run, step } from '../lib.mjs'

export function ensureNodeModules() {
  if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node ${process.versions.node} is too old; install Node 20 or newer.`)
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
  const stamp = join(ROOT, 'node_modules', '.secondpass-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  step('Installing npm packages')
  // No install script is needed, so none is allowed to run.
  run('npm', ['ci', '--ignore-scripts', '--loglevel=error'])
  writeFileSync(stamp, lock)
}
