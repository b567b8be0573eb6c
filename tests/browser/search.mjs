// Shared by the tests of the search index: a page that has it, and the index's files.
import { open } from './harness.mjs'

export async function begin() {
  const browser = await open()
  return { browser, page: await searchPage(browser) }
}

/** A page with the index's module and the test's parts as globals. */
export async function searchPage(browser) {
  const page = await browser.page()
  await page.evaluate(async () => {
    Object.assign(window, await import('/dist/search/index.js'), await import('/pages/search-parts.js'))
    // Test pages are not asked for: a promise that nobody waits for fails the test that left it.
    window.unhandled = []
    addEventListener('unhandledrejection', ({ reason }) => window.unhandled.push(String(reason?.stack ?? reason)))
    // The index's folder in the private file system.
    window.folderOf = async (name) => {
      const root = await navigator.storage.getDirectory()
      return (await root.getDirectoryHandle('secondpass-search')).getDirectoryHandle(`index-${name}`)
    }
    window.filesOf = async (name) => {
      const files = {}
      for await (const handle of (await window.folderOf(name)).values()) files[handle.name] = new Uint8Array(await (await handle.getFile()).arrayBuffer())
      return files
    }
    window.writeFile = async (name, file, bytes) => {
      const handle = await (await window.folderOf(name)).getFileHandle(file, { create: true })
      const stream = await handle.createWritable()
      await stream.write(bytes)
      await stream.close()
    }
    window.removeFile = async (name, file) => (await window.folderOf(name)).removeEntry(file)
  })
  return page
}
