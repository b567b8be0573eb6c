// What the tests beside llama.cpp share: the command that converts, and folders served to the page.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run, TARGET_DIR } from '../../scripts/lib.mjs'
import { serveFile } from '../../scripts/serve.mjs'

/** wllama, which is llama.cpp in the browser. */
export const WLLAMA = join(ROOT, 'node_modules', '@wllama', 'wllama', 'esm')

/** Serves a folder; its address. */
export const serveFolder = (browser, path) =>
  browser.host({
    handle: (name, request, response) => {
      request.url = `/${name}`
      if (!serveFile(path, request, response)) response.writeHead(404).end()
    },
  })

/** The native command, built where it is missing. */
export function command() {
  const path = join(TARGET_DIR, 'debug', process.platform === 'win32' ? 'secondpass.exe' : 'secondpass')
  if (!existsSync(path)) run('cargo', ['build', '--quiet', '--no-default-features', '--bin', 'secondpass'], { env: { CARGO_TARGET_DIR: TARGET_DIR } })
  return path
}
