// What the guide does not say twice: tables that are made from the sources of the package when the pages are built.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { anchor } from '../check-links.mjs'
import { fail, ROOT } from '../lib.mjs'
import { ggufTable, modelsTable, table } from '../models-table.mjs'

const SOURCES = join(ROOT, 'pkg', 'src')
const TABLES = { models: () => modelsTable(catalogue()), gguf: () => ggufTable(catalogue()), errors: errorsTable }

/** A page's text with its tables, each in place of a line `<!-- table: NAME -->`. */
export function withTables(text) {
  return text.replaceAll(/^<!-- table: (\w+) -->$/gm, (_, name) => {
    if (!Object.hasOwn(TABLES, name)) fail(`There is no table "${name}"; there are ${Object.keys(TABLES).join(', ')}.`)
    return TABLES[name](text)
  })
}

const catalogue = () => JSON.parse(readFileSync(join(SOURCES, 'models.json'), 'utf8')).models

/** Every code of the type `ErrorCode`, in its order. */
export function errorCodes() {
  const [, union] = /export type ErrorCode =([\s\S]*?)\n\n/.exec(readFileSync(join(SOURCES, 'errors.ts'), 'utf8')) ?? []
  return [...(union ?? '').matchAll(/'(\w+)'/g)].map(([, code]) => code)
}

/**
 * What the page of errors says about each code: a section with the code as its heading, whose first line names the HTTP statuses, and
 * whose first sentence says what the code means.
 */
export function describedErrors(text) {
  const sections = [...text.matchAll(/^### `(\w+)`\n\nStatus (.+?)\. (.+?\.)(?=\s)/gm)]
  return new Map(sections.map(([, code, statuses, meaning]) => [code, { statuses: statuses.match(/\d+/g)?.map(Number) ?? [], said: statuses, meaning }]))
}

function errorsTable(text) {
  const described = describedErrors(text)
  const codes = errorCodes()
  const missing = codes.filter((code) => !described.has(code))
  if (missing.length > 0) fail(`docs/guide/errors.md says nothing about ${missing.join(', ')}: add a section "### \`code\`" that begins with "Status …".`)
  const unknown = [...described.keys()].filter((code) => !codes.includes(code))
  if (unknown.length > 0) fail(`docs/guide/errors.md describes ${unknown.join(', ')}, which ErrorCode does not have.`)
  const rows = codes.map((code) => [`[\`${code}\`](#${anchor(code)})`, described.get(code).said, described.get(code).meaning])
  return table(['code', 'status', 'meaning'], rows)
}
