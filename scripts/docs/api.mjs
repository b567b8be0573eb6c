// The reference of the package's API, by TypeDoc; made again only where what it is made from has changed.
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run, TARGET_DIR } from '../lib.mjs'

const FOLDER = join(TARGET_DIR, 'docs-api')
const STAMP = join(FOLDER, '.made-from')
const PLACEHOLDER = `<!doctype html><html lang="en"><head><meta charset="utf-8" /><meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" /><title>API</title><link rel="stylesheet" href="../../style.css" /></head>
<body class="card-page"><main><h1>API</h1><p>This build is without the reference: <code>npm run docs</code> makes it.</p><p><a href="../index.html">Back to the guide</a></p></main></body></html>\n`

/** Puts the reference into `folder`. Without `make` only one that was made before is used, and a page that says so stands in for it. */
export function placeApi(folder, make) {
  const from = hashOfSources()
  const isFresh = existsSync(STAMP) && readFileSync(STAMP, 'utf8') === from
  if (make && !isFresh) {
    rmSync(FOLDER, { recursive: true, force: true })
    run(process.execPath, [
      join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc'),
      '--options',
      join(ROOT, 'pkg', 'typedoc.json'),
      '--logLevel',
      'Warn',
      '--out',
      FOLDER,
    ])
    for (const page of htmlFiles()) linkToGuide(page)
    writeFileSync(STAMP, from)
  }
  mkdirSync(folder, { recursive: true })
  if (make || isFresh) cpSync(FOLDER, folder, { recursive: true, filter: (path) => path !== STAMP })
  else writeFileSync(join(folder, 'index.html'), PLACEHOLDER)
}

const htmlFiles = () => readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'))

/** TypeDoc's own links of the navigation are the same on every page, so they cannot be relative. */
function linkToGuide(page) {
  const path = join(FOLDER, page)
  const up = '../'.repeat(page.split(/[\\/]/).length)
  writeFileSync(path, readFileSync(path, 'utf8').replace('<div id="tsd-toolbar-links">', `<div id="tsd-toolbar-links"><a href="${up}index.html">Guide</a>`))
}

function hashOfSources() {
  const pkg = join(ROOT, 'pkg')
  const sources = readdirSync(join(pkg, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => join('src', file))
    .filter((file) => statSync(join(pkg, file)).isFile())
  const hash = createHash('sha256')
  for (const file of [...sources.sort(), 'README.md', 'package.json', 'typedoc.json', 'tsconfig.json'])
    hash.update(`${file}\0`).update(readFileSync(join(pkg, file)))
  return hash.update(readFileSync(new URL(import.meta.url))).digest('hex')
}
