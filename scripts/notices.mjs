// Third-party notices of the package: the licence of every crate in the wasm and of every npm package in a bundle, with the
// texts that the crates ship, each text once. Of a choice of licences the first of PREFERRED is taken.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cratesOf, packagesOf } from './crates/graph.mjs'
import { chooseLicences } from './crates/spdx.mjs'
import { capture, fail, ROOT, run } from './lib.mjs'
import { COMMAND_ENTRY, ENTRIES, MAIN_ENTRIES, PEERS } from './package-entries.mjs'

const WASM = ['wasm32-unknown-unknown']
/** One text of Apache-2.0 serves all crates that offer it; the others name their authors in theirs. */
const PREFERRED = [
  'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  'MIT',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'Zlib',
  'BSL-1.0',
  'Unicode-3.0',
  'MPL-2.0',
  'CC0-1.0',
]
const LICENCE_FILE = /^(licen[cs]e|copying|unlicense)/i
const NOTICE_FILE = /^notice/i
/** A phrase that only this licence's text has. */
const PHRASES = {
  'Apache-2.0': /Apache License\s+Version 2\.0/,
  'Apache-2.0 WITH LLVM-exception': /Apache License\s+Version 2\.0[\s\S]*LLVM Exceptions/,
  MIT: /Permission is hereby granted, free of charge, to any\s+person obtaining/,
  'BSD-2-Clause': /Redistributions in binary form must reproduce(?![\s\S]*may be used to endorse)/,
  'BSD-3-Clause': /Redistributions in binary form must reproduce[\s\S]*may\s+be\s+used\s+to\s+endorse/,
  ISC: /Permission to use, copy, modify, and(\/or)? distribute this software/,
  Zlib: /This software is provided 'as-is'/,
  'BSL-1.0': /Boost Software License/i,
  'Unicode-3.0': /UNICODE LICENSE V3/,
  'MPL-2.0': /Mozilla Public License,? Version 2\.0/i,
  'CC0-1.0': /CC0 1\.0 Universal/,
}
/** Their texts are the same everywhere. */
const WITHOUT_HOLDER = ['BSL-1.0', 'CC0-1.0', 'MPL-2.0']
const RULE = '-'.repeat(100)

/**
 * Writes the notices to `outFile`. `cargoArgs` are the features that the wasm is built with, as `cargo build` takes them.
 * Fails where a crate's licence or its text is not known, so that nothing ships without one.
 */
export function writeNotices(outFile, { cargoArgs = [] } = {}) {
  const packages = packagesOf(WASM)
  const crates = [...cratesOf(WASM, 'normal,no-proc-macro', cargoArgs)].map((key) => packages.get(key)).filter(({ source }) => source !== null)
  const works = [...crates.map(ofCrate), ...standardLibrary(), ...packagesInPackage().map(ofNpm)]
  const demoOnly = bundledPackages(join(ROOT, 'www', 'src')).map((name) => ofNpm(join(ROOT, 'node_modules', name)))
  const text = [
    'Third-party software in secondpass',
    '',
    `secondpass itself is under the Apache License, Version 2.0. Its WebAssembly module holds ${crates.length} crates and Rust's standard library.`,
    'Each is listed below with the address of its source, under the text of the licence by which it is passed on here.',
    '',
    ...byText(works),
    ...(demoOnly.length > 0 ? [RULE, 'In the demo page alone:', '', ...byText(demoOnly)] : []),
  ].join('\n')
  writeFileSync(outFile, `${text.trimEnd()}\n`)
  return works.length
}

function ofCrate({ name, version, license, license_file: file, manifest_path: manifest, repository, authors }) {
  const folder = dirname(manifest)
  return work({ name, version, expression: license, folder, files: file ? [file] : undefined, authors, url: repository ?? `https://crates.io/crates/${name}` })
}

function ofNpm(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return work({
    name: `${name} (npm)`,
    version,
    expression: license,
    folder,
    authors: [author?.name ?? author].filter(Boolean),
    url: `https://www.npmjs.com/package/${name}`,
  })
}

function work({ name, version, expression, folder, files, authors, url }) {
  const licences = expression && chooseLicences(expression, PREFERRED)
  if (!licences) fail(`${name} ${version} has the licence "${expression}", for which scripts/notices.mjs knows no choice; add it to PREFERRED and PHRASES.`)
  const texts = readAll(files?.map((file) => join(folder, file)) ?? filesOf(folder, LICENCE_FILE))
  const notices = readAll(filesOf(folder, NOTICE_FILE))
  return { title: `${name} ${version}: ${licences.join(' and ')}`, url, texts: [...licences.map((id) => textOf(id, texts, name, authors)), ...notices] }
}

const filesOf = (folder, pattern) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(folder, entry.name))
const readAll = (files) => files.map((file) => readFileSync(file, 'utf8'))

/** The text of a licence: the work's own; else, where it ships none, the standard one with the authors that it names. */
function textOf(id, texts, name, authors) {
  if (id === 'Apache-2.0') return apache()
  const own = texts.filter((text) => PHRASES[id].test(text))
  if (own.length > 0) return own.join('\n\n')
  // The licence in other words: better the work's own than the standard text.
  if (texts.length === 1) return texts[0]
  const text = id === 'MIT' ? mit(authors.length > 0 ? authors.join(', ') : `the authors of ${name}`) : WITHOUT_HOLDER.includes(id) ? borrowed(id) : undefined
  return text ?? fail(`${name} ships no text of ${id}, and scripts/notices.mjs has none.`)
}

// Indented differently from crate to crate, so that the same text would be there dozens of times.
const apache = () => readFileSync(join(ROOT, 'LICENSE'), 'utf8')

/** Another crate's copy of a text that names no holder. */
function borrowed(id) {
  const folders = [...packagesOf(WASM).values()].map(({ manifest_path: manifest }) => dirname(manifest))
  for (const folder of folders) {
    const text = readAll(filesOf(folder, LICENCE_FILE)).find((each) => PHRASES[id].test(each))
    if (text) return text
  }
  return undefined
}

const mit = (holders) => `MIT License

Copyright (c) ${holders}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

/** Linked into every module, and in no lock file. */
function standardLibrary() {
  const version = capture('rustc', ['--version']).split(' ')[1]
  const url = 'https://github.com/rust-lang/rust'
  const unicode = join(capture('rustc', ['--print', 'sysroot']), 'share', 'doc', 'rust', 'licenses', 'Unicode-3.0.txt')
  const tables = existsSync(unicode) ? [{ title: `Unicode tables of Rust's standard library ${version}: Unicode-3.0`, url, texts: readAll([unicode]) }] : []
  return [{ title: `Rust's standard library ${version}, with the crates it is built from: Apache-2.0`, url, texts: [apache()] }, ...tables]
}

/**
 * The folders of the npm packages of which the published scripts hold code, as the bundler tells: what a package depends on need not
 * be in them, and may be there in another version than at the top of node_modules.
 */
function packagesInPackage() {
  const out = mkdtempSync(join(tmpdir(), 'secondpass-notices-'))
  try {
    const entries = [...MAIN_ENTRIES, ...ENTRIES, COMMAND_ENTRY].map((name) => join(ROOT, 'pkg', 'src', `${name}.ts`))
    const externals = ['./worker.js', './wasm/*', ...PEERS].map((name) => `--external:${name}`)
    const args = ['--bundle', '--format=esm', '--platform=node', '--log-level=error', ...externals]
    run(join(ROOT, 'node_modules', '.bin', 'esbuild'), [...entries, ...args, `--outdir=${out}`, `--metafile=${join(out, 'meta.json')}`])
    const { outputs } = JSON.parse(readFileSync(join(out, 'meta.json'), 'utf8'))
    const inputs = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0))
    const folders = inputs.map(([path]) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter((folder) => folder !== undefined)
    return [...new Set(folders)].sort().map((folder) => join(ROOT, folder))
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

/** The npm packages whose code a bundle of these sources holds: imported for more than types, and not left to the reader's own installation. */
function bundledPackages(folder) {
  const { peerDependencies = {} } = JSON.parse(readFileSync(join(ROOT, 'pkg', 'package.json'), 'utf8'))
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|js|mjs)$/.test(file) && !file.endsWith('.d.ts'))
  const imports = sources.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/^\s*(?:import|export)\s(?!type\s)[^'"]*?from\s*['"]([^.'"/][^'"]*)['"]/gm)].map((match) => match[1]),
  )
  const direct = imports
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    )
    .filter((name) => !(name in peerDependencies))
  const found = new Set()
  for (const queue = [...direct]; queue.length > 0; ) {
    const name = queue.pop()
    if (found.has(name) || !existsSync(join(ROOT, 'node_modules', name))) continue
    found.add(name)
    queue.push(...Object.keys(JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).dependencies ?? {}))
  }
  return [...found].sort()
}

/** Works that have the same texts, together. */
function byText(works) {
  const groups = new Map()
  for (const each of works) {
    const text = each.texts.map((part) => part.replaceAll('\r\n', '\n').trim()).join('\n\n')
    const key = text.replace(/\s+/g, ' ')
    if (!groups.has(key)) groups.set(key, { text, members: [] })
    groups.get(key).members.push(each)
  }
  const ordered = [...groups.values()].sort((a, b) => b.members.length - a.members.length || (a.members[0].title < b.members[0].title ? -1 : 1))
  return ordered.flatMap(({ text, members }) => [RULE, ...members.map(({ title, url }) => `${title}  <${url}>`).sort(), '', text, ''])
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const outFile = process.argv[2] ?? fail('Usage: node scripts/notices.mjs FILE')
  console.log(`${writeNotices(outFile)} works in ${outFile}`)
}
