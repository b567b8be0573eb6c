// What a browser's processes take, as the system counts it.
import { readFileSync } from 'node:fs'

/**
 * Resident memory of the page's process and of the GPU's, in bytes: now, at its highest, and the part of it that is shared
 * with other processes. Of several pages the one that took most. Linux alone tells.
 */
export async function memoryOf(browser) {
  if (process.platform !== 'linux') return null
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const of = (type) =>
    processInfo
      .filter((info) => info.type === type)
      .map((info) => status(info.id))
      .reduce(largest, { now: 0, peak: 0, shared: 0 })
  return { page: of('renderer'), gpu: of('GPU') }
}

const largest = (a, b) => (b.peak > a.peak ? b : a)

function status(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1] ?? 0) * 1024
  return { now: field('VmRSS'), peak: field('VmHWM'), shared: field('RssShmem') }
}
