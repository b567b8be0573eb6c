// Takes docs/screenshot.png of the built demo: `npm run build && node scripts/screenshot.mjs`.
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { DEMO } from './build.mjs'
import { ROOT } from './lib.mjs'
import { listen, serveFile } from './serve.mjs'
import { ensureChromium } from './setup/chromium.mjs'

const server = await listen((request, response) => serveFile(DEMO, request, response) || response.writeHead(404).end(), 8140, false)
const args = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const browser = await chromium.launch({ executablePath: ensureChromium(), args })
const page = await browser.newPage({ viewport: { width: 1280, height: 860 } })
await page.goto(`http://127.0.0.1:${server.address().port}/`)
await page.getByText(/read, best first, from keywords and vectors/).waitFor({ timeout: 120_000 })
// Cards glide to their places.
await page.waitForTimeout(1000)
await page.screenshot({ path: join(ROOT, 'docs', 'screenshot.png') })
await browser.close()
server.close()
