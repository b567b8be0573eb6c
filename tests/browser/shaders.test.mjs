// What the build made: the browser's own compiler takes every shader, also where naga, which the native test asks, lets more pass.
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
    const adapter = await navigator.gpu.requestAdapter()
    const subgroups = adapter.features.has('subgroups')
    const device = await adapter.requestDevice({ requiredFeatures: subgroups ? ['subgroups'] : [] })
    const messages = {}
    for (const [name, code] of JSON.parse(shader_texts())) {
      if (code.startsWith('enable subgroups') && !subgroups) continue
      const info = await device.createShaderModule({ code }).getCompilationInfo()
      messages[name] = info.messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`)
    }
    return messages
  })
  assert.ok(Object.keys(messages).length > 10)
  for (const [name, list] of Object.entries(messages)) assert.deepEqual(list, [], name)
})

test('constructors run once, not at every call into the module', async () => {
  const page = await browser.page()
  const runs = await page.evaluate(async () => {
    const { default: init, constructor_runs, version } = await import('/dist/wasm/secondpass.js')
    await init({ module_or_path: '/dist/wasm/secondpass_bg.wasm' })
    for (let i = 0; i < 10; i++) version()
    return constructor_runs()
  })
  assert.equal(runs, 1)
})
