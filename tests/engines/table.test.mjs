// docs/engines.md says of this engine what it shows.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ENGINE, openEngine } from './harness.mjs'
import { observed, written } from './table.mjs'

let browser
before(async () => {
  browser = await openEngine()
})
after(() => browser?.close())

test('docs/engines.md says what this engine shows', async (t) => {
  const page = written(ENGINE)
  assert.ok(page.size > 10)
  if (page.get('version') !== browser.version) return t.skip(`it was written with version ${page.get('version')}, and this is ${browser.version}`)
  assert.deepEqual([...(await observed(browser))], [...page], 'write it again: node tests/engines/table.mjs')
})
