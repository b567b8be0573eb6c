// What a wasm module is made of, by crate: `node scripts/wasm-crates.mjs FILE.wasm [--functions N] [--crate NAME]`.
// The file must have its name section, as those in target/compiled/release/ have; what is published has none.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { Reader } from './wasm/reader.mjs'

const SECTIONS = ['custom', 'type', 'import', 'function', 'table', 'memory', 'global', 'export', 'start', 'element', 'code', 'data', 'data count', 'tag']

/** Sections, and the name and size of each function. */
export function readModule(bytes) {
  const reader = new Reader(bytes, 8)
  const sections = []
  let imported = 0
  let sizes = []
  let names = new Map()
  while (!reader.done()) {
    const id = reader.byte()
    const length = reader.number()
    const end = reader.at + length
    let label = SECTIONS[id] ?? `section ${id}`
    if (id === 2) imported = countImportedFunctions(new Reader(bytes, reader.at))
    if (id === 10) sizes = functionSizes(new Reader(bytes, reader.at))
    if (id === 0) {
      const inner = new Reader(bytes, reader.at)
      label = `custom ${inner.text()}`
      if (label === 'custom name') names = functionNames(inner, end)
    }
    sections.push({ label, length })
    reader.at = end
  }
  return { sections, functions: sizes.map((size, i) => ({ size, name: names.get(imported + i) ?? '' })) }
}

function countImportedFunctions(reader) {
  let functions = 0
  for (let left = reader.number(); left > 0; left--) {
    reader.text()
    reader.text()
    const kind = reader.byte()
    if (kind === 0) {
      functions++
      reader.number()
    } else if (kind === 3) reader.at += 2
    else {
      if (kind === 1) reader.byte()
      const flags = reader.byte()
      reader.number()
      if (flags & 1) reader.number()
    }
  }
  return functions
}

function functionSizes(reader) {
  return Array.from({ length: reader.number() }, () => {
    const size = reader.number()
    reader.at += size
    return size
  })
}

function functionNames(reader, end) {
  const names = new Map()
  while (reader.at < end) {
    const kind = reader.byte()
    const next = reader.number() + reader.at
    if (kind === 1) for (let left = reader.number(); left > 0; left--) names.set(reader.number(), reader.text())
    reader.at = next
  }
  return names
}

/** A readable path from the compiler's mangled name, `_ZN` and pairs of length and identifier; others as they are. */
export function demangle(name) {
  const mangled = /^_ZN(.*)E/.exec(name)?.[1]
  if (mangled === undefined) return name
  const parts = []
  for (let rest = mangled; rest.length > 0; ) {
    const length = /^\d+/.exec(rest)?.[0]
    if (!length) break
    parts.push(rest.slice(length.length, length.length + Number(length)))
    rest = rest.slice(length.length + Number(length))
  }
  const signs = { LT: '<', GT: '>', RF: '&', BP: '*', C: ',', u20: ' ', u7b: '{', u7d: '}', u5b: '[', u5d: ']', LP: '(', RP: ')', u27: "'" }
  return parts
    .filter((part) => !/^h[0-9a-f]{16}$/.test(part))
    .map((part) =>
      part
        .replace(/^_(?=\$)/, '')
        .replace(/\$(\w+?)\$/g, (all, sign) => signs[sign] ?? all)
        .replaceAll('..', '::'),
    )
    .join('::')
}

/** The crate that a function's code belongs to: the first one in its path that is not the standard library's. */
export function crateOf(mangled) {
  const name = demangle(mangled)
  const crates = [...name.matchAll(/(?<![\w:])([a-z_][a-z0-9_]*)(?:\[[0-9a-f]+\])?::/g)].map((match) => match[1])
  return crates.find((crate) => !['core', 'alloc', 'std', 'compiler_builtins'].includes(crate)) ?? crates[0] ?? '(no name)'
}

/** Bytes of code and number of functions of each crate, largest first. */
export function byCrate(functions) {
  const crates = new Map()
  for (const { name, size } of functions) {
    const entry = crates.get(crateOf(name)) ?? { bytes: 0, functions: 0 }
    crates.set(crateOf(name), { bytes: entry.bytes + size, functions: entry.functions + 1 })
  }
  return [...crates].map(([crate, entry]) => ({ crate, ...entry })).sort((a, b) => b.bytes - a.bytes)
}

function main([file, ...options]) {
  if (!file || file === '--help') {
    console.log(
      'node scripts/wasm-crates.mjs FILE.wasm [--functions N] [--crate NAME]\n\nPrints what a wasm module with names is made of, by crate, as a Markdown table.',
    )
    return
  }
  const option = (name) => (options.includes(name) ? options[options.indexOf(name) + 1] : undefined)
  const { sections, functions } = readModule(readFileSync(file))
  for (const { label, length } of sections) console.log(`${label}: ${length}`)
  const wanted = option('--crate')
  const shown = functions.filter(({ name }) => !wanted || crateOf(name) === wanted)
  console.log(`\n| crate | KB of code | functions |\n|---|---|---|`)
  for (const { crate, bytes, functions: count } of byCrate(shown).slice(0, 60)) console.log(`| ${crate} | ${(bytes / 1000).toFixed(0)} | ${count} |`)
  const largest = [...shown].sort((a, b) => b.size - a.size).slice(0, Number(option('--functions') ?? 0))
  for (const { name, size } of largest) console.log(`${size}  ${demangle(name)}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.slice(2))
