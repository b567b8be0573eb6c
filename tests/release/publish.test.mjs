// What would be published: npm takes it, with everything that the package names, and with the repository's address in its places.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { repositoryAddress, stagePackage } from '../../scripts/stage-package.mjs'

const npm = (args, cwd) => spawnSync('npm', args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 120_000 })

test('a publish dry run passes, with every file that the package names', () => {
  const folder = stagePackage()
  const { status, stdout, stderr } = npm(['publish', '--dry-run', '--json'], folder)
  assert.equal(status, 0, stderr)
  // Newer versions of npm print an object by name.
  const printed = JSON.parse(stdout)
  const { name, version, files } = printed.files ? printed : printed.secondpass
  const published = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  assert.deepEqual([name, version], ['secondpass', JSON.parse(readFileSync(join(ROOT, 'pkg', 'package.json'), 'utf8')).version])
  const paths = files.map(({ path }) => path)
  const named = Object.values(published.exports).flatMap((target) => (typeof target === 'string' ? target : Object.values(target)))
  for (const path of [...named, ...Object.values(published.bin), 'README.md', 'LICENSE', 'dist/THIRD_PARTY_NOTICES.txt'])
    assert.ok(paths.includes(path.replace('./', '')), `${path} would not be published`)
  assert.deepEqual(
    paths.filter((path) => !/^(dist\/|package\.json$|README\.md$|LICENSE$)/.test(path)),
    [],
  )
  const { address } = repositoryAddress()
  assert.match(address, /^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/)
  assert.equal(published.repository.url, `git+${address}.git`)
  assert.ok(published.homepage.startsWith(address) && published.bugs.url.startsWith(address))
})

test('without the address of the repository nothing is published', { skip: !repositoryAddress().isPlaceholder && 'the address is filled in' }, () => {
  const { status, stderr } = npm(['run', 'publish:package'], ROOT)
  assert.equal(status, 1)
  assert.match(stderr, /Write the real one in "repository" of package\.json/)
})

test('the command for publishing explains itself, and refuses what it does not know', () => {
  const script = join(ROOT, 'scripts', 'publish.mjs')
  const { stdout } = spawnSync(process.execPath, [script, '--help'], { encoding: 'utf8' })
  assert.match(stdout, /--dry-run/)
  const wrong = spawnSync(process.execPath, [script, '--dry'], { encoding: 'utf8' })
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /--dry is not known/)
})
