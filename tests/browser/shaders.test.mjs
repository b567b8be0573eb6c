// The browser's own compiler takes every shader: it refuses what naga, which the native test asks, lets pass.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { open } from './harness.mjs'

let browser
let page
before(async () => {
  browser = await open()
  page = await browser.page()
})
after(() => browser?.close())

for (const name of readdirSync(join(ROOT, 'shaders')).filter((file) => file.endsWith('.wgsl'))) {
  test(`${name} compiles`, async () => {
    const code = readFileSync(join(ROOT, 'shaders', name), 'utf8')
    const messages = await page.evaluate(async (code) => {
      const adapter = await navigator.gpu.requestAdapter()
      const device = await adapter.requestDevice()
      const info = await device.createShaderModule({ code }).getCompilationInfo()
      device.destroy()
      return info.messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`)
    }, code)
    assert.deepEqual(messages, [])
  })
}
