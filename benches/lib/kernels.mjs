// Throughput of our shaders beside what the adapter can do at most.
import { openPage } from './browser.mjs'

/** Measures every shader in a page of its own. */
export async function measureKernels(url, { gpu }) {
  const { browser, page } = await openPage(url, { gpu })
  try {
    return await page.evaluate(async (software) => (await import('/pages/kernels.js')).measure({ software }), !gpu)
  } finally {
    await browser.close()
  }
}
