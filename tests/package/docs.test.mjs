// The API reference: every published name is documented, and every link resolves.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'

test('the API reference is complete', () => {
  const out = mkdtempSync(join(tmpdir(), 'secondpass-docs-'))
  try {
    const args = [
      join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc'),
      '--options',
      join(ROOT, 'pkg', 'typedoc.json'),
      '--treatWarningsAsErrors',
      '--out',
      out,
    ]
    const result = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: ROOT })
    assert.equal(result.status, 0, result.stdout + result.stderr)
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
})
