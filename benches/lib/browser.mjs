// A fresh browser for each engine, and what its processes took.
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { findChromium } from '../../scripts/setup/chromium.mjs'

const FLAGS = ['--headless=new', '--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--enable-unsafe-webgpu']
const SOFTWARE = ['--use-webgpu-adapter=swiftshader']
/** A machine with a GPU shows it to a headless browser only through Vulkan, where it is Linux. */
const HARDWARE = process.platform === 'linux' ? ['--enable-features=Vulkan', '--use-angle=vulkan', '--ignore-gpu-blocklist'] : []

/** Opens a browser and a page that is ready for an engine. */
export async function openPage(url, { gpu = false, timeout = 1_800_000, onLog, profile } = {}) {
  const options = { executablePath: findChromium(), args: [...FLAGS, ...(gpu ? HARDWARE : SOFTWARE)], headless: true }
  const context = profile ? await chromium.launchPersistentContext(profile, options) : await (await chromium.launch(options)).newContext()
  const browser = context.browser()
  const page = await context.newPage()
  page.setDefaultTimeout(timeout)
  if (onLog) page.on('console', (message) => onLog(message.text()))
  await page.goto(`${url}/pages/bench.html`)
  await page.waitForFunction('window.ready')
  return { browser, page, version: browser.version() }
}

/** Resident memory of the page's process and of the GPU's, in bytes: now, and at its highest. Linux alone tells. */
export async function memoryOf(browser) {
  if (process.platform !== 'linux') return null
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const of = (type) => processInfo.filter((info) => info.type === type).map((info) => status(info.id)).reduce(largest, { now: 0, peak: 0 })
  return { page: of('renderer'), gpu: of('GPU') }
}

const largest = (a, b) => (b.peak > a.peak ? b : a)

function status(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1] ?? 0) * 1024
  return { now: field('VmRSS'), peak: field('VmHWM') }
}
