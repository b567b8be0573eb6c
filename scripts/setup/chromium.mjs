// Finds a Chrome or Chromium for the browser tests; installs Debian's where there is none and that is possible.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fail, has, run, step } from '../lib.mjs'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome']
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

export function findChromium() {
  if (process.env.CHROME) return process.env.CHROME
  const dirs = (process.env.PATH ?? '').split(delimiter)
  return [...NAMES.flatMap((name) => dirs.map((dir) => join(dir, name))), ...PLACES].find((path) => existsSync(path))
}

export function ensureChromium() {
  const found = findChromium()
  if (found) return found
  if (has('apt-get') && process.getuid?.() === 0) {
    step('Installing Chromium for the browser tests')
    run('apt-get', ['update', '-qq'], { mayFail: true })
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { quiet: true, mayFail: true, env: { DEBIAN_FRONTEND: 'noninteractive' } })
  }
  return findChromium() ?? fail('No Chrome or Chromium was found for the browser tests. Install one, or name it: CHROME=/path/to/chrome npm test')
}
