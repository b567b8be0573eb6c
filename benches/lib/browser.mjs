// Starts browsers for measurements.
import { chromium } from 'playwright-core'
import { findChromium } from '../../scripts/setup/chromium.mjs'

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
]
const SOFTWARE = ['--use-webgpu-adapter=swiftshader']
/** On Linux, headless Chromium uses a GPU for WebGPU only through Vulkan. */
const HARDWARE = process.platform === 'linux' ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist'] : []

/** Starts a browser, on disk with `profile` and with further `flags`, and opens the page that runs the engines. */
export async function openPage(url, { gpu = false, timeout = 1_800_000, onLog, profile, flags = [], isolated = false } = {}) {
  const options = { executablePath: findChromium(), args: [...FLAGS, ...flags, ...(gpu ? HARDWARE : SOFTWARE)], headless: true }
  const context = profile ? await chromium.launchPersistentContext(profile, options) : await (await chromium.launch(options)).newContext()
  const browser = context.browser()
  const page = await context.newPage()
  page.setDefaultTimeout(timeout)
  if (onLog) page.on('console', (message) => onLog(message.text()))
  await page.goto(`${url}/pages/bench.html${isolated ? '?isolated' : ''}`)
  await page.waitForFunction('window.ready')
  return { browser, page, version: browser.version() }
}
