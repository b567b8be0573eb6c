// The stock Firefox by WebDriver BiDi, with WebGPU where Vulkan has a driver: Mesa's lavapipe computes on the CPU.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFirefox, LAVAPIPE } from '../../../scripts/setup/firefox.mjs'
import { BidiSession } from './bidi.mjs'
import { callOf, resultOf } from './call.mjs'
import { Program, temporaryFolder } from './process.mjs'

const PREFERENCES = {
  'dom.webgpu.enabled': true,
  'dom.webgpu.workers.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  // No first pages and no requests of its own.
  'app.normandy.enabled': false,
  'app.update.disabledForTesting': true,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,#remote-settings-dummy/v1',
  'toolkit.telemetry.reportingpolicy.firstRun': false,
}

export async function launch() {
  const home = temporaryFolder()
  const profile = join(home.path, 'profile')
  mkdirSync(profile)
  const line = ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`
  writeFileSync(join(profile, 'user.js'), Object.entries(PREFERENCES).map(line).join(''))
  const env = { HOME: home.path, MOZ_CRASHREPORTER_DISABLE: '1', ...(existsSync(LAVAPIPE) && { VK_DRIVER_FILES: LAVAPIPE }) }
  const browser = new Program(findFirefox(), ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'], env)
  const [, address] = await browser.ready(/^WebDriver BiDi listening on (ws:\S+)/)
  const session = await BidiSession.open(`${address}/session`, ['log.entryAdded'])
  const pages = new Map()
  session.on('log.entryAdded', ({ level, text, source }) => level === 'error' && pages.get(source.context)?.report(text ?? ''))
  return {
    version: session.capabilities.browserVersion,
    newPage: async () => {
      const { context } = await session.send('browsingContext.create', { type: 'tab' })
      const page = new FirefoxPage(session, context)
      pages.set(context, page)
      return page
    },
    close: async () => {
      await session.send('browser.close').catch(() => {})
      session.close()
      await browser.end()
      home.remove()
    },
  }
}

class FirefoxPage {
  #errors = []

  constructor(session, context) {
    this.session = session
    this.context = context
  }

  errors() {
    return this.#errors
  }

  report(text) {
    this.#errors.push(text)
  }

  goto(url) {
    return this.session.send('browsingContext.navigate', { context: this.context, url, wait: 'complete' })
  }

  async evaluate(work, argument) {
    const answer = await this.session.send('script.evaluate', {
      expression: callOf(work, argument),
      target: { context: this.context },
      awaitPromise: true,
      userActivation: true,
    })
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text)
    return resultOf(answer.result.value)
  }

  async screenshot() {
    const { data } = await this.session.send('browsingContext.captureScreenshot', { context: this.context })
    return Buffer.from(data, 'base64')
  }

  close() {
    return this.session.send('browsingContext.close', { context: this.context })
  }
}
