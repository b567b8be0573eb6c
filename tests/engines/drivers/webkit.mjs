// WebKitGTK's MiniBrowser by WebDriver over HTTP, on a screen of its own.
import { createServer } from 'node:net'
import { findWebKit } from '../../../scripts/setup/webkit.mjs'
import { callOf, resultOf } from './call.mjs'
import { Program, temporaryFolder } from './process.mjs'
import { WebDriverSession } from './webdriver.mjs'

/**
 * Put into every page that is opened. The driver has no command for the console, and MiniBrowser prints none of a page that is
 * driven; this sees neither the console of workers nor what the browser itself writes to it. A driven window is a private one,
 * which forgets a cache as soon as nobody has it open: the package's worker, which ends, would be the only one.
 */
const PRELUDE = `<script>
  caches.open('secondpass').then((cache) => (window.keptCache = cache))
  window.consoleErrors = []
  const report = (...words) => window.consoleErrors.push(words.map(String).join(' '))
  const { error } = console
  console.error = (...words) => {
    report(...words)
    error.apply(console, words)
  }
  addEventListener('error', ({ message, target }) => report(message ?? 'could not be loaded: ' + (target.src ?? target.href)), true)
  addEventListener('unhandledrejection', ({ reason }) => report('Unhandled rejection:', reason))
</script>`

export async function launch() {
  const { driver, browser } = findWebKit()
  const home = temporaryFolder()
  const screen = new Program('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'])
  const [, display] = await screen.ready(/^(\d+)$/)
  const port = await freePort()
  const server = new Program(driver, [`--port=${port}`], environment(home.path, display))
  const address = `http://127.0.0.1:${port}`
  await server.until(() => fetch(`${address}/status`).catch(() => {}))
  const session = await WebDriverSession.open(address, { 'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] } })
  return {
    version: session.capabilities.browserVersion,
    prelude: PRELUDE,
    newPage: async () => new WebKitPage(session, await session.newWindow()),
    close: async () => {
      await session.end().catch(() => {})
      await server.end()
      await screen.end()
      home.remove()
    },
  }
}

const environment = (home, display) => ({
  HOME: home,
  XDG_DATA_HOME: home,
  XDG_CACHE_HOME: home,
  XDG_CONFIG_HOME: home,
  DISPLAY: `:${display}`,
  WAYLAND_DISPLAY: '',
  GDK_BACKEND: 'x11',
  NO_AT_BRIDGE: '1',
  // Its sandbox needs rights that containers do not give; what it opens are this repository's own pages.
  WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
})

/** The driver takes no port 0. */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

class WebKitPage {
  constructor(session, handle) {
    Object.assign(this, { session, handle })
  }

  errors() {
    return this.evaluate(() => window.consoleErrors)
  }

  goto(url) {
    return this.session.inWindow(this.handle, 'POST', 'url', { url })
  }

  async evaluate(work, argument) {
    const script = `const done = arguments[arguments.length - 1]; ${callOf(work, argument)}.then(done)`
    return resultOf(await this.session.inWindow(this.handle, 'POST', 'execute/async', { script, args: [] }))
  }

  async screenshot() {
    return Buffer.from(await this.session.inWindow(this.handle, 'GET', 'screenshot'), 'base64')
  }

  close() {
    return this.session.closeWindow(this.handle)
  }
}
