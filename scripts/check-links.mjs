// Checks that relative links in the repository's Markdown files lead to files that exist, and to headings where they name one.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LINK = /\]\(([^)\s]+)\)/g

/** GitHub's anchor of a heading. */
export const anchor = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const withoutCode = (text) => text.replaceAll(/^```.*?^```/gms, '').replaceAll(/`[^`\n]*`/g, '')

/** The broken links of one file, as `file: link`. */
function brokenLinks(path) {
  const broken = []
  for (const [, link] of withoutCode(readFileSync(path, 'utf8')).matchAll(LINK)) {
    if (/^[a-z]+:/i.test(link)) continue
    const [file, heading] = link.split('#')
    const target = file === '' ? path : resolve(dirname(path), decodeURIComponent(file))
    const headings = () => [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text]) => anchor(text))
    if (!existsSync(target) || (heading && !headings().includes(heading))) broken.push(`${relative(ROOT, path)}: ${link}`)
  }
  return broken
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
  const broken = files
    .map((file) => join(ROOT, file))
    .filter((path) => existsSync(path))
    .flatMap(brokenLinks)
  for (const line of broken) console.error(`broken link in ${line}`)
  if (broken.length > 0) process.exitCode = 1
}
