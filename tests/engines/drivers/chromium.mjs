// Chromium by Playwright, as in the other browser tests.
import { chromium } from 'playwright-core'
import { findChromium } from '../../../scripts/setup/chromium.mjs'
import { FLAGS } from '../../browser/harness.mjs'

export async function launch() {
  const browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS, headless: true })
  const context = await browser.newContext()
  return { version: browser.version(), newPage: async () => new ChromiumPage(await context.newPage()), close: () => browser.close() }
}

class ChromiumPage {
  #errors = []

  constructor(page) {
    this.page = page
    page.on('console', (message) => message.type() === 'error' && this.#errors.push(message.text()))
    page.on('pageerror', (error) => this.#errors.push(error.message))
  }

  errors() {
    return this.#errors
  }

  goto(url) {
    return this.page.goto(url)
  }

  evaluate(work, argument) {
    return this.page.evaluate(work, argument)
  }

  screenshot() {
    return this.page.screenshot()
  }

  close() {
    return this.page.close()
  }
}
