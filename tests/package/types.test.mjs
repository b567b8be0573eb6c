// The types of the package, checked against those of the real peers.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'

test('the types compile', () => {
  const result = spawnSync(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(ROOT, 'tests', 'package', 'types')], {
    encoding: 'utf8',
    cwd: ROOT,
  })
  assert.equal(result.status, 0, result.stdout)
})
