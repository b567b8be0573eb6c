// What `device: 'auto'` does on other machines: on one whose processor is slow, with another adapter, in another browser. What all engines
// have in common is in tests/engines/routing.test.mjs.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'
import { findChromium } from '../../scripts/setup/chromium.mjs'
import { Host } from '../server/faulty.mjs'
import { startServer } from '../server/server.mjs'
import { FLAGS } from './harness.mjs'
import { wideModel } from './wide-model.mjs'

const MODEL = '/models/tiny-tied'
const HIDDEN = 512

let server
let profile
before(async () => {
  server = await startServer()
  profile = mkdtempSync(join(tmpdir(), 'secondpass-routing-'))
})
after(async () => {
  await server?.close()
  rmSync(profile, { recursive: true, force: true })
})

/** Opens the browser with the same profile each time, and these flags, and gives `work` a page. */
async function inBrowser(flags, work) {
  const context = await chromium.launchPersistentContext(profile, { executablePath: findChromium(), args: [...FLAGS, ...flags], headless: true })
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(120_000)
    await page.goto(`${server.url}/pages/blank.html`)
    await page.waitForFunction('window.ready')
    return await work(page, context)
  } finally {
    await context.close()
  }
}

/** Loads on whatever `auto` takes, with adapters that do not say they are software; and how many workers that took. */
const load = (page, model) =>
  page.evaluate(async (model) => {
    let started = 0
    const worker = () => {
      started++
      return new Worker('/pages/real-gpu-worker.js', { type: 'module', name: 'opens' })
    }
    const reranker = await secondpass.Reranker.load({ model, worker, workers: 1 })
    const { device, routing } = reranker.info
    reranker.dispose()
    return { device, routing, started }
  }, model)

test('another adapter, or another browser, is measured anew', async () => {
  const outcomes = []
  for (const [name, flags, remembered] of [
    ['first', [], false],
    ['the same', [], true],
    ['another adapter', ['--enable-webgpu-developer-features'], false],
    ['that one again', ['--enable-webgpu-developer-features'], true],
    ['another browser', ['--enable-webgpu-developer-features', '--user-agent=Mozilla/5.0 Chrome/157.0.0.0'], false],
  ]) {
    const { device, routing, started } = await inBrowser(flags, (page) => load(page, MODEL))
    assert.deepEqual([device, routing.by, routing.remembered, started], ['cpu', 'speed', remembered, remembered ? 1 : 2], name)
    outcomes.push(routing.measured)
  }
  assert.deepEqual([outcomes[1], outcomes[3]], [outcomes[0], outcomes[2]])
})

/** How many times as long a slow process takes at the first try. */
const SLOWNESS = 30
/** What of the processor's time a slow process gets at once, in milliseconds. */
const SLICE_MS = 3
const MOST_TRIES = 8
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))

/** What a process gives, or nothing: it, or one of its threads, may have ended. */
function ofProcess(read, otherwise) {
  try {
    return read()
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(error.code)) return otherwise
    throw error
  }
}

/** What of the processor's time the threads of a process have had, in milliseconds. */
function usedMs(id) {
  const threads = ofProcess(() => readdirSync(`/proc/${id}/task`), [])
  const times = threads.map((thread) => ofProcess(() => Number(readFileSync(`/proc/${id}/task/${thread}/schedstat`, 'utf8').split(' ')[0]), 0))
  return times.reduce((sum, time) => sum + time, 0) / 1e6
}

/** Makes the process of a page slow for as long as `work` takes: it is stopped for so long after each slice. That of the GPU goes on. */
async function slowly(browser, slowness, work) {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const pages = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
  const used = () => pages.reduce((sum, id) => sum + usedMs(id), 0)
  let over = false
  const working = work().finally(() => (over = true))
  for (let before = used(); !over; ) {
    await sleep(1)
    const slice = used() - before
    if (slice < SLICE_MS) continue
    for (const id of pages) ofProcess(() => process.kill(id, 'SIGSTOP'))
    await sleep(slice * (slowness - 1))
    before = used()
    for (const id of pages) ofProcess(() => process.kill(id, 'SIGCONT'))
  }
  return working
}

/** Where processes can be asked how much they have computed. */
const CAN_SLOW = existsSync('/proc/self/schedstat')

test('a GPU that is faster than a slow processor is taken, and on a fast one it is not', { skip: !CAN_SLOW && 'it needs Linux' }, async () => {
  server.hosts.set('wide', new Host(wideModel(HIDDEN)))
  const model = '/host/wide/'
  await inBrowser([], async (page) => {
    await page.evaluate(() => localStorage.clear())
    const fast = await load(page, model)
    assert.deepEqual([fast.device, fast.routing.by], ['cpu', 'speed'], JSON.stringify(fast))
    console.log(`fast: ${JSON.stringify(fast.routing.measured)}`)
  })
  // Also without the compiler that optimizes, as where browsers are told to be careful.
  await inBrowser(['--js-flags=--liftoff-only'], async (page, context) => {
    // The kernels are selected before, which would take long.
    await load(page, model)
    let slow
    let slowness = SLOWNESS
    // What else the machine does slows the software GPU too, and then it is not the faster one; on a quiet machine the processor may be
    // too slow to be measured in its time. Each decision is checked against what was measured.
    for (let tries = 0; tries < MOST_TRIES && !(slow?.device === 'webgpu' && slow.routing.measured); tries++) {
      await page.evaluate(() => localStorage.removeItem('secondpass:routing'))
      slow = await slowly(context.browser(), slowness, () => load(page, model))
      const { by, measured } = slow.routing
      console.log(`${slowness} times as slow: ${by} ${JSON.stringify(measured)}`)
      if (measured) {
        const faster = measured.cpu < measured.webgpu ? 'cpu' : 'webgpu'
        assert.deepEqual([slow.device, by, slow.started], [faster, 'speed', 2], JSON.stringify(slow))
      } else assert.deepEqual([slow.device, by], ['webgpu', 'time'], JSON.stringify(slow))
      slowness *= measured ? 1.4 : 0.6
    }
    assert.ok(slow.routing.measured, 'no try was in time')
    assert.deepEqual([slow.device, slow.routing.device], ['webgpu', 'webgpu'], JSON.stringify(slow))
    assert.ok(slow.routing.measured.cpu > slow.routing.measured.webgpu)
    // Without a second comparison, whatever the processor is now.
    const again = await load(page, model)
    assert.deepEqual([again.device, again.routing, again.started], ['webgpu', { ...slow.routing, remembered: true }, 1])
  })
})
