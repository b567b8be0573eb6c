// The import graph of a folder of TypeScript or JavaScript. Imports of types alone count as well: they tell a reader where to
// look next, and a circle of them is one to the reader.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { addArrow } from './graph.mjs'

const SOURCE = /\.(ts|js|mjs)$/
const IMPORT = /\b(?:import|export)\b([^'"`;]*?)\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g
const EXPORTED_TYPE = /\bexport\s+(?:declare\s+)?(?:default\s+)?(?:abstract\s+)?(?:const\s+)?(?:interface|class|type|enum)\s+([A-Za-z_$][\w$]*)/g

/** Comments are blanked; strings stay, since paths are in them. */
const withoutComments = (text) =>
  text.replace(/('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string) => string ?? ' ')

/** All source files of a folder, as `[{ file, text }]`. */
export function readFolder(folder) {
  const files = readdirSync(folder, { recursive: true })
    .map((file) => String(file).replaceAll('\\', '/'))
    .filter((file) => SOURCE.test(file))
  return files.sort().map((file) => ({ file, text: withoutComments(readFileSync(join(folder, file), 'utf8')) }))
}

/** A relative import's file: `./a.js` may be written as `a.ts` or `a.d.ts`. Packages and built files give undefined. */
function target(folder, file, path) {
  if (!path.startsWith('.')) return undefined
  const base = join(folder, dirname(file), path)
  const candidates = [base, ...['.ts', '.d.ts'].map((ending) => base.replace(/\.js$/, ending))]
  const found = candidates.find((candidate) => existsSync(candidate))
  return found && relative(folder, found).replaceAll('\\', '/')
}

export function importGraph(folder) {
  const graph = new Map()
  for (const { file, text } of readFolder(folder)) {
    for (const [, names, from, bare] of text.matchAll(IMPORT)) {
      const to = target(folder, file, from ?? bare)
      if (to)
        addArrow(
          graph,
          file,
          to,
          (names ?? bare)
            .replace(/[{}]|\btype\b/g, '')
            .replace(/\s+/g, ' ')
            .replace(/,\s*$/, '')
            .trim() || '*',
        )
    }
  }
  return graph
}

/** Exported types by their names: `Map<name, [file]>`. Re-exports are none of them. */
export function exportedTypes(folder) {
  const names = new Map()
  for (const { file, text } of readFolder(folder)) {
    for (const [, name] of text.matchAll(EXPORTED_TYPE)) names.set(name, [...new Set([...(names.get(name) ?? []), file])])
  }
  return names
}
