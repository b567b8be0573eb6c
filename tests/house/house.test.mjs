// The structure of the sources: which room may use which, no import circles, no type name twice. Needs no build.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { circles, describe, grouped } from './graph.mjs'
import { crateGraph, readCrate, roomOf, typeNames } from './rust.mjs'
import { exportedTypes, importGraph } from './typescript.mjs'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const SRC = join(ROOT, 'src')

/** Which rooms of the crate a room may use. Arrows point from the browser and the command down to the kernels. */
const FOUNDATIONS = ['api', 'prompt', 'media', 'bytes', 'download', 'weights']
const ROOMS = {
  api: [],
  prompt: [],
  media: [],
  bytes: [],
  download: ['bytes'],
  weights: ['bytes'],
  kernels: [],
  model: ['kernels', 'prompt', 'media', 'bytes', 'weights'],
  engine: [...FOUNDATIONS, 'kernels', 'model'],
  web: [...FOUNDATIONS, 'kernels', 'model', 'engine'],
  cli: [...FOUNDATIONS, 'kernels', 'model', 'engine'],
}

const crate = readCrate(SRC)
const files = crateGraph(crate)
const rooms = grouped(files, roomOf)

/** Fails with all findings, so that they are mended in one go. */
const none = (what, findings) => assert.ok(findings.length === 0, `${what}: ${findings.length}\n  ${findings.join('\n  ')}`)
const circlesIn = (graph) => circles(graph).map((circle) => describe(graph, circle))
const repeated = (names) =>
  [...names]
    .filter(([, where]) => where.length > 1)
    .map(([name, where]) => `${name}: ${where.join(', ')}`)
    .sort()

test('every Rust source file belongs to a module that the checks see', () => {
  const read = new Set(crate.modules.map(({ file }) => file))
  const all = readdirSync(SRC, { recursive: true })
    .map((file) => String(file).replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.rs'))
  const unseen = all.filter((file) => !read.has(file) && file !== 'main.rs' && !/(^|\/)tests(\/|\.rs$)/.test(file))
  assert.deepEqual(unseen, [])
  assert.ok(files.size > 50, `${files.size} files with arrows`)
})

test('Rust rooms use only the rooms below them', () => {
  const unknown = [...new Set(crate.modules.map(({ file }) => roomOf(file)))].filter((room) => room !== undefined && !(room in ROOMS))
  none('rooms that the table does not list', unknown)
  const forbidden = []
  for (const [from, targets] of rooms) {
    for (const [to, names] of targets) if (!ROOMS[from].includes(to)) forbidden.push(`${from} → ${to}: ${[...names].join('; ')}`)
  }
  none('arrows between rooms that the table does not allow', forbidden)
})

test('no import circle between Rust rooms', () => none('circles', circlesIn(rooms)))

test('no import circle between Rust files', () => none('circles', circlesIn(files)))

for (const folder of ['pkg/src', 'www/src']) {
  test(`no import circle in ${folder}`, () => {
    const graph = importGraph(join(ROOT, folder))
    assert.ok(graph.size > 5, `${graph.size} files with imports`)
    none('circles', circlesIn(graph))
  })
}

test('no Rust type name twice', () => none('names', repeated(typeNames(crate))))

test('no exported TypeScript type name twice', () => none('names', repeated(exportedTypes(join(ROOT, 'pkg', 'src')))))
