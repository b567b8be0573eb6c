// Finds a Chrome or Chromium for the browser tests; installs Debian's where there is none and that is possible.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fail } from '../lib.mjs'
import { installPackages } from './apt.mjs'

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
  installPackages(['chromium'], 'Chromium for the browser tests')
  return findChromium() ?? fail('No Chrome or Chromium was found for the browser tests. Install one, or name it: CHROME=/path/to/chrome npm test')
}
