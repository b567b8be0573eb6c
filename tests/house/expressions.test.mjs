// No regular expression of the package backtracks: each is found in the sources and fed 1 MB of what it is made of. Bytes of a page,
// a client or a server reach them, and a quadratic one would block for minutes.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'pkg', 'src')
const LENGTH = 1e6
/** On so many letters a quadratic expression takes a second. */
const SHORT = 40_000
/** Of the process's own time: others may hold the machine. A linear expression takes a few milliseconds. */
const LIMIT_MS = 300

/** Every expression in a text of TypeScript. */
function expressionsIn(text) {
  const found = []
  const visit = (node) => {
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) found.push(node.getText())
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('a.ts', text, ts.ScriptTarget.Latest, true))
  return found
}

function parsed(literal) {
  const end = literal.lastIndexOf('/')
  return new RegExp(literal.slice(1, end), literal.slice(end + 1).replace('g', ''))
}

const LETTERS = [...' aA0=,;.-_/<', '\ud800']

/** A run of each letter that repeats in what is read, after the fixed beginning of the expression and without it, with an end that does not fit. */
function texts(literal, length) {
  const beginning = /^\/\^?([\w:/;,-]*)/.exec(literal.replaceAll('\\/', '/'))[1]
  return ['', beginning, 'data:a;base64,', 'application/'].flatMap((part) => LETTERS.map((letter) => `${part}${letter.repeat(length)}!`))
}

/** Milliseconds of the process's own time for the first text that takes too long, or undefined. */
function tooSlow(literal, length) {
  const expression = parsed(literal)
  for (const text of texts(literal, length)) {
    const start = process.cpuUsage()
    expression.test(text)
    const ms = process.cpuUsage(start).user / 1000
    if (ms > LIMIT_MS) return ms
  }
  return undefined
}

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const all = files.flatMap((file) => expressionsIn(readFileSync(join(SOURCES, file), 'utf8')).map((literal) => ({ file, literal })))

test('the expressions of the package are found', () => {
  assert.ok(all.length > 10, `${all.length}`)
  for (const file of files) assert.ok(!/new RegExp\(/.test(readFileSync(join(SOURCES, file), 'utf8')), `${file} makes an expression that is not seen here`)
})

for (const { file, literal } of all) {
  test(`${file}: ${literal} takes time in proportion to its text`, () => {
    // A short text first: on a long one an expression that backtracks would not end.
    for (const length of [SHORT, LENGTH]) assert.equal(tooSlow(literal, length), undefined, `milliseconds for ${length} letters`)
  })
}

test('an expression that backtracks is noticed', () => {
  assert.ok(tooSlow(String.raw`/^[\w\s]*\w*=$/`, SHORT) > LIMIT_MS)
})
