// The built wasm in a browser: its shaders compile, which is stricter than naga in the native test, and its constructors run once.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from './harness.mjs'

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Compiles the shaders with or without subgroup functions: the browser's messages by shader, or null if it lacks subgroups. */
async function compile(subgroups) {
  const page = await browser.page()
  return page.evaluate(async (subgroups) => {
    const { default: init, shader_texts } = await import('/dist/wasm/secondpass.js')
    await init({ module_or_path: '/dist/wasm/secondpass_bg.wasm' })
    const adapter = await navigator.gpu.requestAdapter()
    if (subgroups && !adapter.features.has('subgroups')) return null
    const device = await adapter.requestDevice({ requiredFeatures: subgroups ? ['subgroups'] : [] })
    const messages = {}
    for (const [name, code] of JSON.parse(shader_texts())) {
      if (code.startsWith('enable subgroups') !== subgroups) continue
      const info = await device.createShaderModule({ code }).getCompilationInfo()
      messages[name] = info.messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`)
    }
    return messages
  }, subgroups)
}

test('every shader compiles', async () => {
  const messages = await compile(false)
  assert.ok(Object.keys(messages).length > 10)
  for (const [name, list] of Object.entries(messages)) assert.deepEqual(list, [], name)
})

test('every shader with subgroups compiles', async (t) => {
  const messages = await compile(true)
  if (!messages) return t.skip('the adapter has no subgroups')
  assert.ok(Object.keys(messages).length > 0)
  for (const [name, list] of Object.entries(messages)) assert.deepEqual(list, [], name)
})

test('static constructors run once, not at every call into the module', async () => {
  const page = await browser.page()
  const runs = await page.evaluate(async () => {
    const { default: init, constructor_runs, version } = await import('/dist/wasm/secondpass.js')
    await init({ module_or_path: '/dist/wasm/secondpass_bg.wasm' })
    for (let i = 0; i < 10; i++) version()
    return constructor_runs()
  })
  assert.equal(runs, 1)
})
