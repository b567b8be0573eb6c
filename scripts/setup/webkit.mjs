// Finds WebKitGTK's driver and browser for the tests in three engines; installs Debian's where they are missing and that is possible.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { has } from '../lib.mjs'
import { installPackages } from './apt.mjs'

const PACKAGES = ['webkit2gtk-driver', 'xvfb']

/** The driver's command and the browser's path; undefined where something is missing. */
export function findWebKit() {
  const browser = findMiniBrowser()
  return has('WebKitWebDriver') && has('Xvfb') && browser ? { driver: 'WebKitWebDriver', browser } : undefined
}

/** It lies in a folder of the library, `webkit2gtk-4.1` or `webkitgtk-6.0`. */
function findMiniBrowser() {
  if (process.platform !== 'linux') return
  for (const root of ['/usr/lib', ...folders('/usr/lib').filter((name) => name.includes('linux')), '/usr/libexec', '/usr/lib64']) {
    const found = folders(root)
      .filter((path) => /webkit(2)?gtk-/.test(path))
      .map((path) => join(path, 'MiniBrowser'))
    const path = found.find((path) => existsSync(path))
    if (path) return path
  }
}

const folders = (path) => (existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [])

export function ensureWebKit() {
  return findWebKit() ?? (installPackages(PACKAGES, 'WebKit for the tests in three engines') ? findWebKit() : undefined)
}
