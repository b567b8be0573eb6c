// Throughput of our shaders relative to the adapter's peak.
import { openPage } from './browser.mjs'

/** Measures every shader in a new browser. */
export async function measureKernels(url, { gpu }) {
  const { browser, page } = await openPage(url, { gpu })
  try {
    return await page.evaluate(async (software) => (await import('/pages/kernels.js')).measure({ software }), !gpu)
  } finally {
    await browser.close()
  }
}
