// The sources of the package: no import circles, and no exported name twice.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { ROOT } from '../../scripts/lib.mjs'
import { COMMAND_ENTRY, ENTRIES, MAIN_ENTRIES } from '../../scripts/package-entries.mjs'

const SRC = join(ROOT, 'pkg', 'src')
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
const parsed = new Map(files.map((file) => [file, ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.ES2022)]))

/** What a file imports or re-exports, types included. */
const importsOf = (file) =>
  parsed
    .get(file)
    .statements.filter((node) => (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier?.text.startsWith('.'))
    .map((node) => relative(SRC, join(SRC, dirname(file), node.moduleSpecifier.text)).replace(/\.js$/, '.ts'))
    .filter((target) => parsed.has(target))

test('imports have no circles', () => {
  const done = new Set()
  const visit = (file, way) => {
    assert.ok(!way.includes(file), [...way.slice(way.indexOf(file)), file].join(' → '))
    if (done.has(file)) return
    for (const target of importsOf(file)) visit(target, [...way, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  assert.ok(done.size > 20)
})

/** Vue's composables are called what React's hooks are, as people look for them. A page has one of the two. */
const TWINS = ['ui/vue.ts']

test('every exported name is exported by one file', () => {
  const homes = new Map()
  for (const [file, { statements }] of parsed) {
    if (TWINS.includes(file)) continue
    for (const node of statements.filter((node) => node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))) {
      const names = ts.isVariableStatement(node) ? node.declarationList.declarations.map(({ name }) => name.text) : [node.name?.text]
      // A function with overloads is declared several times.
      for (const name of names) homes.set(name, new Set([...(homes.get(name) ?? []), file]))
    }
  }
  for (const [name, where] of homes) assert.equal(where.size, 1, `${name}: ${[...where].join(', ')}`)
})

test('the entries that are built, and looked through for licences, are those that are published', () => {
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, 'pkg', 'package.json'), 'utf8'))
  const files = Object.values(exports).map((each) => (typeof each === 'string' ? each : each.default))
  const scripts = [...files, ...Object.values(bin)].map((file) => /^(?:\.\/)?dist\/(?!wasm\/)(.*)\.js$/.exec(file)?.[1]).filter((name) => name !== undefined)
  // Started or fetched by the package itself.
  assert.deepEqual([...scripts, 'node-worker'].sort(), [...MAIN_ENTRIES, ...ENTRIES, COMMAND_ENTRY].sort())
})
