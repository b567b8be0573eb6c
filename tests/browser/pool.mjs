// Pages for tests of several workers.
import { open } from './harness.mjs'

/** Opens a browser. `inPage(work, argument)` runs `work` in a fresh page, with the helpers of pages/pool.js in `window.pool`. */
export async function openForPool() {
  const browser = await open()
  const inPage = async (work, argument) => {
    const page = await browser.page()
    try {
      await page.evaluate(async () => {
        window.pool = await import('/pages/pool.js')
      })
      return await page.evaluate(work, argument)
    } finally {
      await page.close()
    }
  }
  return { ...browser, inPage }
}

export const TEXT = '/models/tiny-tied'
export const VISION = '/fixtures/vl/vl-tied'
