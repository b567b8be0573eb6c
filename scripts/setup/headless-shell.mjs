// Finds or fetches Chromium's headless shell with everything that lies beside it, to be packed for another machine.
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CACHE, capture, fail, has, ROOT, run, step } from '../lib.mjs'

/** The program as Debian, as Playwright and as its makers call it. */
const NAMES = ['chromium-headless-shell', 'headless_shell', 'chrome-headless-shell']
const PACKAGES = ['chromium-headless-shell', 'chromium-common']
const HOME = join(CACHE, 'headless-shell')

/** The folder of the program, and its name. `HEADLESS_SHELL=/path/to/program` names another. */
export function ensureHeadlessShell() {
  const named = process.env.HEADLESS_SHELL
  if (named) return existsSync(named) ? { folder: dirname(named), name: basename(named) } : fail(`HEADLESS_SHELL names ${named}, which is not there.`)
  return find() ?? fromDebian() ?? fromPlaywright() ?? fail("Chromium's headless shell could not be fetched. Name one: HEADLESS_SHELL=/path/to/headless_shell")
}

function find(folder = HOME, depth = 3) {
  if (!existsSync(folder)) return
  const name = NAMES.find((each) => existsSync(join(folder, each)))
  if (name) return { folder, name }
  if (depth === 0) return
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  return below.map((entry) => find(join(folder, entry.name), depth - 1)).find(Boolean)
}

/** Unpacked, not installed: neither root nor a change of the system is needed. */
function fromDebian() {
  if (!has('apt-get') || !has('dpkg')) return
  step("Fetching Chromium's headless shell from Debian")
  const work = join(HOME, `.${process.pid}`)
  mkdirSync(work, { recursive: true })
  const done = run('apt-get', ['download', '-qq', ...PACKAGES], { cwd: work, mayFail: true, quiet: true })
  const archives = readdirSync(work).filter((file) => file.endsWith('.deb'))
  if (done) for (const archive of archives) run('dpkg', ['-x', archive, 'root'], { cwd: work })
  const from = join(work, 'root', 'usr', 'lib', 'chromium')
  if (existsSync(from)) {
    const version = capture('dpkg-deb', [
      '-f',
      join(
        work,
        archives.find((file) => file.startsWith(PACKAGES[0])),
      ),
      'Version',
    ])
    rmSync(join(HOME, version), { recursive: true, force: true })
    renameSync(from, join(HOME, version))
  }
  rmSync(work, { recursive: true, force: true })
  return find()
}

function fromPlaywright() {
  step("Fetching Chromium's headless shell with Playwright")
  const command = join(ROOT, 'node_modules', 'playwright-core', 'cli.js')
  run(process.execPath, [command, 'install', 'chromium-headless-shell'], { env: { PLAYWRIGHT_BROWSERS_PATH: HOME }, mayFail: true })
  return find()
}

/** What no headless page needs. */
const LEFT_OUT =
  /^(locales|extensions|chrome_crashpad_handler|resources\.pak|chrome_\d+_percent\.pak|chromium|libVk(ICD_mock_icd|Layer_khronos_validation).*|.*\.TOC)$/

/** Copies the shell to a folder: the program's path there. */
export function copyHeadlessShell({ folder, name }, to) {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(folder)) if (!LEFT_OUT.test(entry)) cpSync(join(folder, entry), join(to, entry), { recursive: true, dereference: true })
  return join(to, name)
}
