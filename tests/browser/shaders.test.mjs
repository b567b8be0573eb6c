// The built wasm in a browser: its shaders compile, which is stricter than naga in the native test, and its constructors run once.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { open } from './harness.mjs'

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Compiles the shaders that need a feature, or none: the browser's messages by shader, or null if it lacks the feature. */
async function compile(feature) {
  const page = await browser.page()
  return page.evaluate(async (feature) => {
    const { default: init, shader_texts } = await import('/dist/wasm/secondpass.js')
    await init({ module_or_path: '/dist/wasm/secondpass_bg.wasm' })
    const adapter = await navigator.gpu.requestAdapter()
    if (feature && !adapter.features.has(feature)) return null
    const device = await adapter.requestDevice({ requiredFeatures: feature ? [feature] : [] })
    const messages = {}
    const needed = (code) => ({ subgroups: 'subgroups', f16: 'shader-f16' })[/^enable (\w+)/.exec(code)?.[1]]
    for (const [name, code] of JSON.parse(shader_texts())) {
      if (needed(code) !== feature) continue
      const info = await device.createShaderModule({ code }).getCompilationInfo()
      messages[name] = info.messages.map(({ type, lineNum, message }) => `${type} in line ${lineNum}: ${message}`)
    }
    return messages
  }, feature)
}

test('every shader compiles', async () => {
  const messages = await compile(undefined)
  assert.ok(Object.keys(messages).length > 10)
  for (const [name, list] of Object.entries(messages)) assert.deepEqual(list, [], name)
})

for (const feature of ['subgroups', 'shader-f16']) {
  test(`every shader with ${feature} compiles`, async (t) => {
    const messages = await compile(feature)
    if (!messages) return t.skip(`the adapter has no ${feature}`)
    assert.ok(Object.keys(messages).length > 0)
    for (const [name, list] of Object.entries(messages)) assert.deepEqual(list, [], name)
  })
}

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
