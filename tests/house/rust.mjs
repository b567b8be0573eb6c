// Reads the modules of a Rust crate as far as its arrows need it: which file defines which names, and which files use
// them. A small tokenizer instead of the compiler, so that the check takes a fraction of a second and needs no build.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { addArrow } from './graph.mjs'

const TYPE_KEYWORDS = ['struct', 'enum', 'trait', 'type', 'union']
const ITEM_KEYWORDS = [...TYPE_KEYWORDS, 'fn', 'const', 'static']
const IDENTIFIER = /^[A-Za-z_]\w*$/

/** Identifiers and punctuation. Comments are left out; a string or character literal becomes the token `""`. */
export function tokenize(text) {
  const pattern =
    /\/\/[^\n]*|\/\*|(?<!\w)[bc]?r(#*)"|(?<!\w)[bc]?"|b?'(?:\\(?:u\{[^}]*\}|x..|.)|[^\\'])'|'[A-Za-z_]\w*|r#[A-Za-z_]\w*|[A-Za-z_]\w*|\d[\w.]*|::|[^\s]/g
  const tokens = []
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const [token, hashes] = match
    if (token.startsWith('//')) continue
    if (token === '/*') pattern.lastIndex = blockCommentEnd(text, match.index)
    else if (hashes !== undefined) {
      const end = text.indexOf(`"${hashes}`, pattern.lastIndex)
      pattern.lastIndex = end < 0 ? text.length : end + 1 + hashes.length
      tokens.push('""')
    } else if (token.endsWith('"')) {
      const string = /(?:[^"\\]|\\[\s\S])*"/y
      string.lastIndex = pattern.lastIndex
      string.exec(text)
      pattern.lastIndex = string.lastIndex || text.length
      tokens.push('""')
    } else if (token.endsWith("'") && token.length > 1) tokens.push('""')
    else if (!token.startsWith("'")) tokens.push(token.replace(/^r#/, ''))
  }
  return tokens
}

/** Block comments nest. */
function blockCommentEnd(text, start) {
  const mark = /\/\*|\*\//g
  mark.lastIndex = start
  let depth = 0
  for (let match = mark.exec(text); match; match = mark.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return text.length
}

const CLOSING = { '(': ')', '[': ']', '{': '}' }

/** The index after the bracket that closes the one at `start`. */
function afterBracket(tokens, start) {
  const [open, close] = [tokens[start], CLOSING[tokens[start]]]
  let depth = 0
  for (let i = start; i < tokens.length; i++) {
    if (tokens[i] === open) depth++
    if (tokens[i] === close && --depth === 0) return i + 1
  }
  return tokens.length
}

/** Without everything that stands under `#[cfg(test)]` or `#[cfg(all(test, …))]`. */
function withoutTests(tokens) {
  const kept = []
  for (let i = 0; i < tokens.length; i++) {
    const attribute = tokens[i] === '#' && tokens[i + 1] === '['
    if (!attribute || !/^cfg \( (?:all \( )?test [,)]/.test(tokens.slice(i + 2, i + 8).join(' '))) {
      kept.push(tokens[i])
      continue
    }
    i = afterBracket(tokens, i + 1)
    while (tokens[i] === '#') i = afterBracket(tokens, i + 1)
    // An item ends with its block, or with a semicolon outside of brackets.
    while (i < tokens.length && tokens[i] !== ';' && tokens[i] !== '{') i = tokens[i] === '(' || tokens[i] === '[' ? afterBracket(tokens, i) : i + 1
    if (tokens[i] === '{') i = afterBracket(tokens, i) - 1
  }
  return kept
}

/** The paths of a `use`, without the keyword: `[{ path, name }]`; the name `*` is a glob, `_` binds nothing. */
function useTree(tokens) {
  const trees = []
  const read = (start, prefix) => {
    const path = [...prefix]
    let i = start
    for (; i < tokens.length; i++) {
      if (tokens[i] === '::') continue
      if (tokens[i] === '{') {
        const end = afterBracket(tokens, i)
        for (let at = i + 1; at < end - 1; at++) at = read(at, path)
        return end
      }
      if (tokens[i] === 'as') {
        trees.push({ path, name: tokens[i + 1] })
        return i + 2
      }
      if (tokens[i] === ',' || tokens[i] === '}' || tokens[i] === ';') break
      path.push(tokens[i])
    }
    if (path.length === prefix.length) return i
    if (path.at(-1) === 'self' && path.length > 1) path.pop()
    trees.push(path.at(-1) === '*' ? { path: path.slice(0, -1), name: '*' } : { path, name: path.at(-1) })
    return i
  }
  read(0, [])
  return trees
}

/**
 * A module: its path in the crate, its file, its names. `items` are defined here, `modules` are declared here, `imports` come
 * by `use`, `paths` are all paths in its code, and `words` its single identifiers, which globs may have brought.
 */
class Module {
  items = new Set()
  types = new Set()
  modules = new Map()
  imports = new Map()
  globs = []
  uses = []
  paths = []
  words = new Set()

  constructor(path, file, parent) {
    Object.assign(this, { path, file, parent })
  }
}

/** Reads a module's tokens; `declared` is called for each `mod name;`. */
function readModule(module, tokens, declared) {
  let i = 0
  while (i < tokens.length) {
    const token = tokens[i]
    if (token === '#') {
      i = afterBracket(tokens, tokens[i + 1] === '!' ? i + 2 : i + 1)
      continue
    }
    if (token === 'pub' && tokens[i + 1] === '(') {
      const restricted = afterBracket(tokens, i + 1)
      if (tokens[restricted] === 'use') i = readUse(module, tokens, restricted, true)
      else i = restricted
      continue
    }
    if (token === 'use' || (token === 'pub' && tokens[i + 1] === 'use')) {
      i = readUse(module, tokens, token === 'use' ? i : i + 1, token === 'pub')
      continue
    }
    if (token === 'mod') {
      const name = tokens[i + 1]
      if (tokens[i + 2] === ';') {
        declared(module, name)
        i += 3
      } else {
        const end = afterBracket(tokens, i + 2)
        const inner = new Module([...module.path, name], module.file, module)
        module.modules.set(name, inner)
        readModule(inner, tokens.slice(i + 3, end - 1), declared)
        i = end
      }
      continue
    }
    if (token === 'macro_rules') {
      module.items.add(tokens[i + 2])
      i += 3
      continue
    }
    if (token === 'extern' && tokens[i + 1] === '""' && tokens[i + 2] === '{') {
      // What an extern block declares is defined here.
      i += 3
      continue
    }
    if (definesItem(tokens, i)) {
      module.items.add(tokens[i + 1])
      if (TYPE_KEYWORDS.includes(token)) module.types.add(tokens[i + 1])
      i += 2
      continue
    }
    if (token === '{') {
      // The block of an item: no definitions of the module are in it, but paths are, and uses.
      const end = afterBracket(tokens, i)
      readCode(module, tokens.slice(i + 1, end - 1))
      i = end
      continue
    }
    if (IDENTIFIER.test(token)) {
      i = readPath(module, tokens, i)
      continue
    }
    i++
  }
}

/** Not `const fn` or `const unsafe`, whose name comes later, nor `<const N: usize>` and `*const T`, which define nothing. */
function definesItem(tokens, at) {
  const [keyword, name] = [tokens[at], tokens[at + 1] ?? '']
  if (!ITEM_KEYWORDS.includes(keyword) || !IDENTIFIER.test(name)) return false
  return !['fn', 'unsafe', 'async', 'extern'].includes(name) && !['<', ',', '*'].includes(tokens[at - 1])
}

/** A `use` at `at`: its names, and where it ends. `reexport`: others may take the names from here. */
function readUse(module, tokens, at, reexport) {
  const end = tokens.indexOf(';', at)
  for (const { path, name } of useTree(tokens.slice(at + 1, end))) {
    module.uses.push({ path, reexport, glob: name === '*' })
    if (name === '*') module.globs.push(path)
    else if (name !== '_') module.imports.set(name, path)
  }
  return end + 1
}

function readPath(module, tokens, at) {
  const path = [tokens[at]]
  let i = at + 1
  while (tokens[i] === '::' && IDENTIFIER.test(tokens[i + 1] ?? '')) {
    path.push(tokens[i + 1])
    i += 2
  }
  if (path.length > 1) module.paths.push(path)
  else if (tokens[at - 1] !== '.') module.words.add(path[0])
  return i
}

function readCode(module, tokens) {
  for (let i = 0; i < tokens.length; ) {
    if (tokens[i] === 'pub' && tokens[i + 1] === '(') i = afterBracket(tokens, i + 1)
    else if (tokens[i] === 'use') i = readUse(module, tokens, i, false)
    else if (IDENTIFIER.test(tokens[i])) i = readPath(module, tokens, i)
    else i++
  }
}

/** The crate whose `lib.rs` is in a folder: all modules, without those of tests. */
export function readCrate(folder) {
  const modules = []
  const name = (file) => relative(folder, file).replaceAll('\\', '/')
  const load = (path, file, parent) => {
    const module = new Module(path, name(file), parent)
    modules.push(module)
    const owner = /^(mod|lib|main)\.rs$/.test(file.split(/[\\/]/).pop()) ? dirname(file) : file.replace(/\.rs$/, '')
    readModule(module, withoutTests(tokenize(readFileSync(file, 'utf8'))), (within, child) => {
      const inline = within.path.slice(module.path.length)
      const base = join(owner, ...inline, child)
      const found = [`${base}.rs`, join(base, 'mod.rs')].find((candidate) => existsSync(candidate))
      if (!found) throw new Error(`${name(file)} declares mod ${child}, which has no file`)
      within.modules.set(child, load([...within.path, child], found, within))
    })
    return module
  }
  const root = load([], join(folder, 'lib.rs'))
  return { root, modules }
}

/** Where a path leads, seen from a module: `{ module }`, `{ file, name }` of an item, or undefined for what is foreign. */
function resolve(crate, from, path, seen = new Set()) {
  const key = `${from.path.join('::')} ${path.join('::')}`
  if (seen.has(key)) return undefined
  seen.add(key)
  let [module, rest] = [from, path]
  if (path[0] === 'crate') [module, rest] = [crate.root, path.slice(1)]
  else if (path[0] === 'self') rest = path.slice(1)
  while (rest[0] === 'super' && module) [module, rest] = [module.parent, rest.slice(1)]
  if (!module) return undefined
  for (let i = 0; i < rest.length; i++) {
    const [name, last] = [rest[i], i === rest.length - 1]
    const found = lookUp(crate, module, name, last, seen)
    if (!found?.module) return found
    module = found.module
  }
  return { module }
}

/** A name of a module. A module and an item may share it: within a path the module is meant, at its end the item. */
function lookUp(crate, module, name, last, seen) {
  const child = module.modules.get(name)
  const item = module.items.has(name) ? { file: module.file, name } : undefined
  if (!last && child) return { module: child }
  if (item) return item
  const imported = module.imports.get(name)
  if (imported) {
    const found = resolve(crate, module, imported, seen)
    if (found && (last || found.module || !child)) return found
  }
  if (child) return { module: child }
  for (const glob of module.globs) {
    const target = resolve(crate, module, glob, new Set(seen))?.module
    const found = target && target !== module ? lookUp(crate, target, name, last, seen) : undefined
    if (found) return found
  }
  return undefined
}

/**
 * The arrows between the files of a crate: from the file that uses a name to the file that defines it, through any number of
 * re-exports.
 *
 * A `mod.rs` (or `lib.rs`) that only declares and re-exports is no node: nothing leads to it, since nothing is defined there,
 * and nothing leads out of it. One that defines items is a node like any file, with an arrow to each module that it declares:
 * a child that uses what its own `mod.rs` defines closes a circle, since neither can be read without the other.
 */
export function crateGraph(crate) {
  const graph = new Map()
  for (const module of crate.modules) {
    for (const inner of withInner(module)) {
      for (const { path, reexport } of inner.uses) {
        const target = resolve(crate, inner, path)
        if (target?.file && !(reexport && isChild(crate, inner, target.file))) addArrow(graph, inner.file, target.file, target.name)
      }
      for (const path of inner.paths) {
        const target = resolve(crate, inner, path)
        if (target?.file) addArrow(graph, inner.file, target.file, target.name)
      }
      for (const glob of inner.globs) {
        for (const word of inner.words) {
          if (inner.items.has(word) || inner.imports.has(word)) continue
          const target = resolve(crate, inner, [...glob, word])
          if (target?.file) addArrow(graph, inner.file, target.file, target.name)
        }
      }
    }
    if (module.items.size > 0) {
      for (const [name, child] of module.modules) if (child.file !== module.file) addArrow(graph, module.file, child.file, `mod ${name}`)
    }
  }
  return graph
}

/** A module and those that are written inline in its file. */
function withInner(module) {
  return [module, ...[...module.modules.values()].filter((child) => child.file === module.file).flatMap(withInner)]
}

function isChild(crate, module, file) {
  const owner = crate.modules.find((other) => other.file === file)
  return owner.path.length > module.path.length && module.path.every((name, i) => owner.path[i] === name)
}

/** The room of a file, the top-level module that it belongs to; undefined for `lib.rs`. */
export const roomOf = (file) => (file === 'lib.rs' ? undefined : file.split('/')[0].replace(/\.rs$/, ''))

/** Types by their names: `Map<name, [file]>`. Alternatives for platforms within one file count once. */
export function typeNames(crate) {
  const names = new Map()
  for (const module of crate.modules.flatMap(withInner)) {
    for (const name of module.types) names.set(name, [...new Set([...(names.get(name) ?? []), module.file])])
  }
  return names
}
