// The browser's own compiler takes every shader: it refuses what naga, which the native test asks, lets pass.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from './harness.mjs'

let browser
before(async () => { browser = await open() })
after(() => browser?.close())

test('every shader compiles', async () => {
  const page = await browser.page()
  const messages = await page.evaluate(async () => {
    const { default: init, shader_texts } = await import('/dist/wasm/secondpass.js')
    await init({ module_or_path: '/dist/wasm/secondpass_bg.wasm' })
    const device = await (await navigator.gpu.requestAdapter()).requestDevice()
    const messages = {}
    for (const [name, code] of JSON.parse(shader_texts())) {
      const info = await device.createShaderModule({ code }).getCompilationInfo()
      messages[name] = info.messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`)
    }
    return messages
  })
  assert.ok(Object.keys(messages).length > 10)
  for (const [name, list] of Object.entries(messages)) assert.deepEqual(list, [], name)
})
