// Pages for tests of tabs that share a model.
import { open } from './harness.mjs'
import { TEXT } from './pool.mjs'

/** Without packing a score is the same to the bit wherever it is computed. */
export const OPTIONS = { model: TEXT, savings: { packing: false } }

export async function openTabs() {
  const browser = await open()
  const tab = async () => {
    const page = await browser.page()
    await page.evaluate(async () => {
      Object.assign(window, await import('/pages/shared.js'))
    })
    return page
  }
  /** So many tabs, one after the other, that share a model. The first hosts it. */
  const sharing = async (count, options = OPTIONS, settings = {}) => {
    const tabs = []
    for (let i = 0; i < count; i++) {
      const page = await tab()
      await load(page, options, settings)
      tabs.push(page)
    }
    return tabs
  }
  return { ...browser, tab, sharing }
}

export const load = (page, options = OPTIONS, settings = {}) => page.evaluate(({ options, settings }) => share(options, settings), { options, settings })

/** What a request gives. */
export const scores = (page, count, more = {}) =>
  page.evaluate(
    async ({ count, more }) => {
      const { ok, error } = await outcome(() => reranker.rerank({ query: 'q', documents: pool.texts(count), ...more }))
      return ok ? { ok: ok.results } : { error }
    },
    { count, more },
  )

/** Begins a request of so many documents, and waits until some of them have scores. */
export async function begin(page, count, reported = 3) {
  await page.evaluate((count) => ask(count), count)
  await page.waitForFunction((reported) => asked.reported.length >= reported, reported)
}

export const end = (page) =>
  page.evaluate(async () => {
    const { ok, error } = await asked.done
    return { ok: ok?.results, error, reported: asked.reported }
  })

/** Ends a tab as the system does that needs its memory. */
export async function crash(page) {
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  session.send('Page.crash').catch(() => {})
  await crashed
  await page.close()
}

/** Waits until a condition on what runs here holds. */
export async function until(condition, ms = 20_000) {
  for (const start = Date.now(); !(await condition()); ) {
    if (Date.now() - start > ms) throw new Error(`not within ${ms} ms: ${condition}`)
    await new Promise((done) => setTimeout(done, 20))
  }
}

/** Locks that tabs with shared models have or wait for. */
export const locks = async (page) => {
  const { held, pending } = await page.evaluate(() => navigator.locks.query())
  return [...held, ...pending].filter(({ name }) => name.startsWith('secondpass:tab')).length
}
