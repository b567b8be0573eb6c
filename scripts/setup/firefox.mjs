// Finds Firefox for the tests in three engines; installs Debian's where there is none and that is possible, with a Vulkan
// driver on the CPU for its WebGPU.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { installPackages } from './apt.mjs'

const NAMES = ['firefox-esr', 'firefox']
const PLACES = ['/Applications/Firefox.app/Contents/MacOS/firefox', 'C:\\Program Files\\Mozilla Firefox\\firefox.exe']
/** Mesa's Vulkan on the CPU. Without it Firefox is tested without WebGPU. */
export const LAVAPIPE = `/usr/share/vulkan/icd.d/lvp_icd.${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.json`

export function findFirefox() {
  if (process.env.FIREFOX) return process.env.FIREFOX
  const dirs = (process.env.PATH ?? '').split(delimiter)
  return [...NAMES.flatMap((name) => dirs.map((dir) => join(dir, name))), ...PLACES].find((path) => existsSync(path))
}

/** Its path, or undefined where it is missing and cannot be installed. */
export function ensureFirefox() {
  const packages = [...(findFirefox() ? [] : ['firefox-esr']), ...(process.platform === 'linux' && !existsSync(LAVAPIPE) ? ['mesa-vulkan-drivers'] : [])]
  if (packages.length > 0) installPackages(packages, `${packages.join(' and ')} for the tests in Firefox`)
  return findFirefox()
}
