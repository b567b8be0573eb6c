// The checks of the house can fail: each is shown a small made-up tree that breaks its rule, and one that does not.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { circles, grouped } from './graph.mjs'
import { crateGraph, readCrate, roomOf, tokenize, typeNames } from './rust.mjs'
import { exportedTypes, importGraph } from './typescript.mjs'

/** Runs a check over a folder with these files, `{ 'a/b.rs': text }`. */
function inFolder(files, check) {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-house-'))
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), text)
    }
    return check(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const rustGraph = (files) => inFolder(files, (folder) => crateGraph(readCrate(folder)))
const arrows = (graph) => [...graph].flatMap(([from, targets]) => [...targets.keys()].map((to) => `${from} → ${to}`)).sort()

test('a circle of two files is found through a re-export', () => {
  const graph = rustGraph({
    'lib.rs': 'mod room;',
    'room/mod.rs': 'mod a; mod b; pub use a::A; pub use b::make;',
    'room/a.rs': 'pub struct A; pub fn start() { super::make(); }',
    'room/b.rs': 'use super::A; pub fn make() -> A { A }',
  })
  assert.deepEqual(circles(graph), [['room/a.rs', 'room/b.rs']])
})

test('a circle of three rooms is found', () => {
  const graph = rustGraph({
    'lib.rs': 'mod a; mod b; mod c; pub use a::A;',
    'a.rs': 'use crate::b::{self, B}; pub struct A(B);',
    'b/mod.rs': 'mod inner; pub use inner::{B as Renamed, *};',
    'b/inner.rs': 'pub struct B(crate::c::C);',
    'c.rs': 'pub type C = Option<Box<crate::A>>;',
  })
  assert.deepEqual(circles(grouped(graph, roomOf)), [['a', 'b', 'c']])
})

test('a child that uses what its mod.rs defines closes a circle; a mod.rs that only re-exports does not', () => {
  const child = { 'lib.rs': 'mod room;', 'room/child.rs': 'pub fn run() -> super::Failure { super::Failure }' }
  assert.deepEqual(circles(rustGraph({ ...child, 'room/mod.rs': 'mod child; pub struct Failure;' })), [['room/child.rs', 'room/mod.rs']])
  const apart = { ...child, 'room/mod.rs': 'mod child; mod failure; pub use child::run; pub use failure::Failure;', 'room/failure.rs': 'pub struct Failure;' }
  assert.deepEqual(arrows(rustGraph(apart)), ['room/child.rs → room/failure.rs'])
})

test('comments, strings, tests and foreign crates are no arrows', () => {
  const graph = rustGraph({
    'lib.rs': 'pub mod a; pub mod b;',
    'a.rs': `//! As [crate::b::B] says.
      use std::fmt; use serde::{de, Serialize};
      /* crate::b::B /* nested */ crate::b::B */
      pub struct A<'a>(&'a str);
      pub fn text() -> (&'static str, char, &'static str) { ("crate::b::B \\" crate::b::B", '"', r#"crate::b::B "# ) }
      #[cfg(test)] use crate::b::B;
      #[cfg(all(test, unix))] #[rustfmt::skip] fn only([x, y]: [u8; 2]) { crate::b::B }
      #[cfg(test)] mod tests { use crate::b::*; fn run() { B } }`,
    'b.rs': "pub struct B; #[cfg(not(test))] impl From<crate::a::A<'_>> for B {}",
  })
  assert.deepEqual(arrows(graph), ['b.rs → a.rs'])
})

test('names that come by a glob, from an inline module or beside a module of the same name are resolved', () => {
  const graph = rustGraph({
    'lib.rs': 'pub mod a; pub mod b; pub mod plan; pub mod c;',
    'a.rs': 'use crate::b::*; pub fn run() { helper(Inner); }',
    'b.rs': 'pub use inner::Inner; mod inner { pub struct Inner; impl From<super::super::c::C> for Inner {} } pub fn helper<T>(_: T) {}',
    'plan.rs': 'pub fn plan() {} pub struct Plan;',
    'c.rs': 'use crate::plan::{self, plan}; pub struct C; pub(in crate::c) fn run() { plan(); plan::Plan; }',
  })
  assert.deepEqual(arrows(graph), ['a.rs → b.rs', 'b.rs → c.rs', 'c.rs → plan.rs'])
})

test('a declared module without a file is an error', () => {
  assert.throws(() => rustGraph({ 'lib.rs': 'mod missing;' }), /mod missing, which has no file/)
})

test('a type name in two files is found; associated types and those of tests are not type names', () => {
  const names = inFolder(
    {
      'lib.rs': 'mod a; mod b;',
      'a.rs': 'pub struct Twice; impl Iterator for Twice { type Item = u8; } #[cfg(unix)] enum Once {} #[cfg(windows)] enum Once {}',
      'b.rs': 'mod inner { pub(super) enum Twice {} } impl Iterator for Other { type Item = u8; } struct Other; #[cfg(test)] struct Once;',
    },
    (folder) => typeNames(readCrate(folder)),
  )
  assert.deepEqual(
    [...names].filter(([, files]) => files.length > 1),
    [['Twice', ['a.rs', 'b.rs']]],
  )
  assert.deepEqual([...names.keys()].sort(), ['Once', 'Other', 'Twice'])
})

test('lifetimes, characters and raw strings are told apart', () => {
  assert.deepEqual(tokenize(String.raw`fn f<'a>(c: char) { g::<'a>('\'', b'x', '\u{1F642}', "\\", br##"a"# b"##, r#type) }`), [
    'fn',
    'f',
    '<',
    '>',
    '(',
    'c',
    ':',
    'char',
    ')',
    '{',
    'g',
    '::',
    '<',
    '>',
    '(',
    '""',
    ',',
    '""',
    ',',
    '""',
    ',',
    '""',
    ',',
    '""',
    ',',
    'type',
    ')',
    '}',
  ])
})

test('circles of TypeScript imports are found, of types and dynamic ones too', () => {
  const graph = (files) => inFolder(files, importGraph)
  const circle = { 'a.ts': "import type { B } from './deep/b.js'\nexport interface A { b: B }", 'deep/b.ts': "export { type A } from '../a.js'" }
  assert.deepEqual(circles(graph(circle)), [['a.ts', 'deep/b.ts']])
  assert.deepEqual(circles(graph({ 'a.js': "import './b.js'", 'b.js': "export const load = () => import('./a.js')" })), [['a.js', 'b.js']])
  const free = { 'a.ts': "// import './b.js'\nimport { x } from 'package'\nconst text = `from './b.js'`", 'b.ts': "import {\n  one,\n  two,\n} from './a.js'" }
  assert.deepEqual(arrows(graph(free)), ['b.ts → a.ts'])
})

test('an exported type name in two TypeScript files is found; re-exports are not', () => {
  const names = inFolder(
    {
      'a.ts': 'export interface Same {}\nexport abstract class Own {}\nexport type Local = 1',
      'b.ts': "export type Same = 1\nexport { type Own, type Local } from './a.js'\nexport type * from './a.js'\ntype Local = 2",
    },
    exportedTypes,
  )
  assert.deepEqual(
    [...names].filter(([, files]) => files.length > 1),
    [['Same', ['a.ts', 'b.ts']]],
  )
})
