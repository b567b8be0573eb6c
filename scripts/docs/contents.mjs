// The pages of the guide: which there are, in which order, and what each is called.
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fail, ROOT } from '../lib.mjs'

export const GUIDE = join(ROOT, 'docs', 'guide')
/** The order of the pages, in groups; each is named relative to the guide's folder. */
const CONTENTS = join(GUIDE, 'contents.json')

/** The groups of the navigation, each with its pages: `{ source, file, title, text }`. */
export function readContents() {
  const groups = JSON.parse(readFileSync(CONTENTS, 'utf8')).map(({ title, pages }) => ({ title, pages: pages.map(readPage) }))
  const files = groups.flatMap(({ pages }) => pages.map(({ file }) => file))
  const twice = files.find((file, i) => files.indexOf(file) !== i)
  if (twice) fail(`Two pages of docs/guide/contents.json are both written as ${twice}.`)
  return groups
}

function readPage(name) {
  const source = join(GUIDE, name)
  if (!existsSync(source)) fail(`docs/guide/contents.json names ${name}, which does not exist.`)
  const text = readFileSync(source, 'utf8')
  const title = /^# (.+)$/m.exec(text)?.[1]
  if (!title) fail(`${name} has no heading of the first level, which is its title.`)
  return { source, file: `${basename(name, '.md').toLowerCase()}.html`, title, text }
}
