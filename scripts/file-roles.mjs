// Writes docs/files.md: every source file with the first sentence of its leading comment. With `--check` it fails if that page is out of date.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGE = join(ROOT, 'docs', 'files.md')
const FOLDERS = ['src', 'shaders', 'pkg/src', 'www', 'scripts']
const SOURCES = /\.(rs|wgsl|ts|js|mjs)$/
const NOT_DESCRIBED = new Set(['node_modules', 'dist', 'target'])

/** The first sentence of a file's leading comment, or undefined. */
export function roleOf(path, text) {
  const comment = path.endsWith('.rs') ? lineComment(text, '//!') : (leadingComment(text) ?? exportComment(text, basename(path).replace(/\..*$/, '')))
  return comment === undefined ? undefined : firstSentence(comment)
}

/** The lines that begin with `marker` at the start of a text, up to the first empty one. */
function lineComment(text, marker) {
  const lines = []
  for (const line of text.split(/\r?\n/)) {
    if (lines.length === 0 && line.trim() === '') continue
    if (!line.startsWith(marker)) break
    const content = line.slice(marker.length).trim()
    if (content === '') break
    lines.push(content)
  }
  return lines.length > 0 ? lines.join(' ') : undefined
}

/** A comment before any code, in TypeScript, JavaScript or WGSL. Directives such as `/// <reference …>` are skipped. */
function leadingComment(text) {
  const start = text.replace(/^(\s*(#!|\/\/\/|\/\/ @ts-|\/\* eslint).*\r?\n)*/, '').trimStart()
  return start.startsWith('/**') ? blockComment(start) : lineComment(start, '//')
}

/** The JSDoc of the export that is named like the file, else of the first one. */
function exportComment(text, name) {
  const exported = [...text.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\s*export (?:default |declare |async )*\w+\*? (\w+)/g)]
  const [, comment] = exported.find((match) => match[2].toLowerCase() === name.replaceAll('-', '').toLowerCase()) ?? exported[0] ?? []
  return comment === undefined ? undefined : blockComment(comment)
}

/** The first paragraph of a block comment, without its tags. */
function blockComment(text) {
  const end = text.indexOf('*/')
  const lines = text
    .slice(3, end)
    .split(/\r?\n/)
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
  const from = lines.findIndex((line) => line !== '')
  if (from < 0) return undefined
  const paragraph = []
  for (const line of lines.slice(from)) {
    if (line === '' || line.startsWith('@')) break
    paragraph.push(line)
  }
  return paragraph.length > 0 ? paragraph.join(' ') : undefined
}

function firstSentence(comment) {
  const text = comment
    // Links of rustdoc and TypeDoc lead nowhere in Markdown.
    .replace(/\{@link ([^}]+)\}/g, '`$1`')
    .replace(/\[(`[^`]+`)\](?:\([^)]*\)|\[[^\]]*\])?/g, '$1')
    .replace(/\[([^\]]+)\]\((?:crate|super|self)::[^)]*\)/g, '$1')
  const end = /[.!?](?=\s+["“`(]?[A-Z0-9`])/.exec(text)
  const sentence = end ? text.slice(0, end.index + 1) : text
  return sentence.replaceAll('|', '\\|').replace(/[:;]$/, '.')
}

/** The page as a text, and the files that say nothing of themselves. */
export function page() {
  const silent = []
  const sections = []
  for (const folder of FOLDERS.flatMap(foldersOf)) {
    const files = readdirSync(join(ROOT, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && SOURCES.test(entry.name))
      .map(({ name }) => name)
    if (files.length === 0) continue
    // A module's own file describes the folder, so it comes first.
    const order = (name) => `${/^(mod|lib|main|index)\./.test(name) ? 0 : 1}${name}`
    files.sort((a, b) => (order(a) < order(b) ? -1 : 1))
    const rows = files.map((name) => {
      const role = roleOf(name, readFileSync(join(ROOT, folder, name), 'utf8'))
      if (role === undefined) silent.push(`${folder}/${name}`)
      return `| [${name}](../${folder}/${name}) | ${role ?? ''} |`
    })
    sections.push([`## ${folder}/`, '', '| file | role |', '|---|---|', ...rows, ''].join('\n'))
  }
  const head = "# Files and their roles\n\nGenerated from each file's first comment by `node scripts/file-roles.mjs`; change the comment, not this page.\n"
  return { text: [head, ...sections].join('\n'), silent }
}

function foldersOf(folder) {
  if (!existsSync(join(ROOT, folder))) return []
  const below = readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !NOT_DESCRIBED.has(entry.name))
    .map(({ name }) => `${folder}/${name}`)
    .sort()
  return [folder, ...below.flatMap(foldersOf)]
}

function main(check) {
  const { text, silent } = page()
  for (const path of silent) console.error(`${path} has no leading comment`)
  const name = relative(ROOT, PAGE).split(sep).join('/')
  if (!check) {
    mkdirSync(dirname(PAGE), { recursive: true })
    writeFileSync(PAGE, text)
    return
  }
  if (existsSync(PAGE) && readFileSync(PAGE, 'utf8') === text) return
  console.error(`${name} is out of date: run node scripts/${basename(fileURLToPath(import.meta.url))}`)
  process.exitCode = 1
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.includes('--check'))
