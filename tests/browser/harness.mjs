// One browser and one server per test file, a fresh page per test.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { ROOT } from '../../scripts/lib.mjs'
import { findChromium } from '../../scripts/setup/chromium.mjs'
import { startServer } from '../server/server.mjs'

// WebGPU on SwiftShader, and no background requests.
export const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
]

export const MODELS = ['tiny-tied', 'tiny-untied']
export const cases = (model) => JSON.parse(readFileSync(join(ROOT, 'tests', 'fixtures', 'text', model, 'cases.json'), 'utf8')).cases

export async function open() {
  const server = await startServer()
  const browser = await chromium.launch({ executablePath: findChromium(), args: FLAGS, headless: true })
  const context = await browser.newContext()
  // One worker for each model, as on two cores, whatever machine this is. Tests of several ask for them.
  await context.addInitScript(() => Object.defineProperty(navigator, 'hardwareConcurrency', { value: 2, configurable: true }))
  const page = async (path = '/pages/blank.html') => {
    const page = await context.newPage()
    page.setDefaultTimeout(60_000)
    await page.goto(server.url + path)
    if (path === '/pages/blank.html') await page.waitForFunction('window.ready')
    return page
  }
  /** Registers a host on the server and returns its path. */
  const host = (host) => {
    const id = `h${server.hosts.size}`
    server.hosts.set(id, host)
    return `/host/${id}/`
  }
  return { url: server.url, browser, context, host, page, close: () => Promise.all([browser.close(), server.close()]) }
}
