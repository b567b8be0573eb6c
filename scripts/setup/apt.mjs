// Installs packages of Debian where that is possible: as root, where there is apt.
import { has, run, step } from '../lib.mjs'

/** Whether all of them were installed. `what` says for what. */
export function installPackages(packages, what) {
  if (!has('apt-get') || process.getuid?.() !== 0) return false
  step(`Installing ${what}`)
  run('apt-get', ['update', '-qq'], { mayFail: true })
  return run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    quiet: true,
    mayFail: true,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
}
