// The soak: two tabs under many requests for as long as asked, with kills, a network that goes and comes, broken pictures and aborts.
//
//   npm run soak -- [--minutes 10] [--seed 1]
//
// Every finished score equals the quiet one, nothing hangs, no callback comes late, and memory stays flat; the figures are printed.
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { fail } from '../../scripts/lib.mjs'
import { open } from '../browser/harness.mjs'

/** Memory at the end beside that of the middle: more is a leak. The sum of two tabs goes up and down with what runs. */
const MAX_GROWTH = 1.3
const SAMPLES = 60
const MIN_SAMPLE_MS = 1000

/** Runs for so many seconds; `{ figures, problems, samples }` of both tabs. */
export async function soak({ seconds, seed }) {
  const browser = await open()
  try {
    const tabs = [await browser.page('/pages/soak.html'), await browser.page('/pages/soak.html')]
    const session = await browser.browser.newBrowserCDPSession()
    for (const tab of tabs) {
      await tab.exposeFunction('setOffline', (off) => browser.context.setOffline(off))
      await tab.waitForFunction('window.ready')
    }
    const samples = []
    let running = true
    const sampling = (async () => {
      while (running) {
        await new Promise((done) => setTimeout(done, Math.max(MIN_SAMPLE_MS, (seconds * 1000) / SAMPLES)))
        samples.push(await sample(session, tabs))
      }
    })()
    const outcomes = await Promise.all(tabs.map((tab, i) => tab.evaluate(([seed, seconds]) => window.soak(seed, seconds), [seed * 2 + i, seconds])))
    running = false
    await sampling
    const problems = outcomes.flatMap(({ problems }) => problems)
    return { figures: summed(outcomes.map(({ figures }) => figures)), problems: [...problems, ...leaks(samples)], samples }
  } finally {
    await browser.close()
  }
}

/** Megabytes: of the modules, of the pages' own heaps, and resident in all of the browser's processes. */
async function sample(session, tabs) {
  const memory = await Promise.all(tabs.map((tab) => tab.evaluate(() => window.memory())))
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const sum = (list) => list.reduce((total, bytes) => total + bytes, 0)
  return {
    wasm: Math.round(sum(memory.map(({ wasm }) => wasm)) / 1e6),
    heap: Math.round(sum(memory.map(({ heap }) => heap)) / 1e6),
    resident: Math.round(sum(processInfo.map(({ id }) => residentBytes(id))) / 1e6),
  }
}

/** 0 where the system has no /proc. */
function residentBytes(pid) {
  const file = `/proc/${pid}/status`
  return existsSync(file) ? 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) : 0
}

/** The middle third of the run beside the last. */
export function leaks(samples) {
  const third = Math.floor(samples.length / 3)
  if (third < 2) return []
  return ['wasm', 'heap', 'resident'].flatMap((what) => {
    const median = (list) => list.map((one) => one[what]).sort((a, b) => a - b)[Math.floor(list.length / 2)]
    const [middle, last] = [median(samples.slice(third, 2 * third)), median(samples.slice(-third))]
    return last > MAX_GROWTH * middle + 20 ? [`${what} memory grew from ${middle} to ${last} MB`] : []
  })
}

function summed(all) {
  const total = {}
  for (const figures of all)
    for (const [name, value] of Object.entries(figures)) total[name] = name === 'worst' ? Math.max(total[name] ?? 0, value) : (total[name] ?? 0) + value
  return total
}

export const printed = ({ figures, samples }) => {
  const at = (part) => samples[Math.min(samples.length - 1, Math.floor(samples.length * part))]
  const memory = [0, 0.25, 0.5, 0.75, 1].map((part) => Object.values(at(part) ?? {}).join('/')).join(', ')
  return `${JSON.stringify(figures)}\nMB of wasm/heap/resident at the beginning, the quarters and the end: ${memory}`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const option = (name, usual) => {
    const at = process.argv.indexOf(`--${name}`)
    const value = at < 0 ? usual : Number(process.argv[at + 1])
    return value > 0 ? value : fail(`--${name} needs a number above 0`)
  }
  const [minutes, seed] = [option('minutes', 10), option('seed', 1)]
  const result = await soak({ seconds: minutes * 60, seed })
  console.log(printed(result))
  if (result.problems.length > 0) fail(`With seed ${seed}:\n  ${result.problems.join('\n  ')}`)
  console.log('Every score was the quiet one; nothing hung, nothing came late.')
}
