// The package's folder as it is published: what was built, and the addresses of its repository in package.json.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ROOT } from './lib.mjs'

const STAGED = join(ROOT, 'target', 'npm')
const read = (...path) => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'))

/** Where the repository is, from the one place that a maintainer fills in: `repository` of the package.json at the top. */
export function repositoryAddress() {
  const { repository } = read('package.json')
  return { address: repository, isPlaceholder: repository.includes('/OWNER/') }
}

/** Copies the built package to a folder, and adds what is derived from the repository's address; returns the folder. */
export function stagePackage() {
  rmSync(STAGED, { recursive: true, force: true })
  mkdirSync(STAGED, { recursive: true })
  const isPublished = (path) => !basename(path).startsWith('.')
  cpSync(join(ROOT, 'pkg', 'dist'), join(STAGED, 'dist'), { recursive: true, filter: isPublished })
  cpSync(join(ROOT, 'pkg', 'README.md'), join(STAGED, 'README.md'))
  cpSync(join(ROOT, 'LICENSE'), join(STAGED, 'LICENSE'))
  const { address } = repositoryAddress()
  const links = {
    repository: { type: 'git', url: `git+${address}.git`, directory: 'pkg' },
    homepage: `${address}#readme`,
    bugs: { url: `${address}/issues` },
  }
  const { scripts, devDependencies, ...published } = read('pkg', 'package.json')
  writeFileSync(join(STAGED, 'package.json'), `${JSON.stringify({ ...published, ...links }, null, 2)}\n`)
  return STAGED
}
