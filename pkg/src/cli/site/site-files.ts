// The files that an index is made of: those that are named, and those in folders that are named, in an order that does not depend on the disk.
import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, extname, join, relative, resolve, sep } from 'node:path'
import { UsageError } from '../usage-error.js'
import { MAX_FILES, MAX_FOLDER_DEPTH, MAX_FOLDERS_AGAIN } from './limits.js'
import { badFile } from './site-error.js'

export type SiteFileKind = 'html' | 'markdown' | 'text' | 'json' | 'lines'

export interface SiteFile {
  path: string
  kind: SiteFileKind
  /** Its path below the folder that stands for the site's address, with slashes. */
  place: string
}

const KINDS: Record<string, SiteFileKind> = {
  '.html': 'html',
  '.htm': 'html',
  '.xhtml': 'html',
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.txt': 'text',
  '.json': 'json',
  '.jsonl': 'lines',
  '.ndjson': 'lines',
}
/** In a folder, JSON is configuration more often than documents, and this is for crawlers. */
const skippedInFolders = (name: string, kind: SiteFileKind) => kind === 'json' || name === 'robots.txt'

/** Finds the files. `root` is what places are relative to; by default a folder that is named, or the one that holds all named files. */
export async function findFiles(given: readonly string[], root: string | undefined, signal: AbortSignal): Promise<SiteFile[]> {
  const named: { path: string; isFolder: boolean }[] = []
  for (const each of given) {
    const path = resolve(each)
    const found = await stat(path).catch(() => undefined)
    if (!found) throw new UsageError(`there is no file or folder "${each}"`)
    if (!found.isDirectory() && !kindOf(path)) throw new UsageError(`"${each}" is of no kind that is read; there are ${Object.keys(KINDS).join(', ')}`)
    // A pipe or a device may have no end.
    if (!found.isDirectory() && !found.isFile()) throw new UsageError(`"${each}" is neither a file nor a folder`)
    named.push({ path, isFolder: found.isDirectory() })
  }
  const common = commonFolder(named.filter(({ isFolder }) => !isFolder).map(({ path }) => dirname(path)))
  const files = new Map<string, SiteFile>()
  const walked: Walked = { folders: new Set(), again: 0 }
  const add = (path: string, base: string) => {
    const kind = kindOf(path)
    const place = relative(base, path).split(sep).join('/')
    if (place.startsWith('../')) throw new UsageError(`${path} is not in the folder of --root`)
    if (kind && !files.has(path)) files.set(path, { path, kind, place })
    if (files.size > MAX_FILES) throw new UsageError(`there are more than ${MAX_FILES} files; make several indexes`)
  }
  for (const { path, isFolder } of named) {
    const base = root === undefined ? (isFolder ? path : common) : resolve(root)
    if (!isFolder) add(path, base)
    else for await (const file of walk(path, new Set(), walked, signal)) add(file, base)
  }
  return [...files.values()].sort((a, b) => compare(a.place, b.place) || compare(a.path, b.path))
}

const kindOf = (path: string): SiteFileKind | undefined => KINDS[extname(path).toLowerCase()]
/** By code units, as no locale of a machine changes. */
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

interface Walked {
  /** By their real paths. */
  folders: Set<string>
  again: number
}

/** The files of a folder. `above` are the folders that it is in, by which links in a circle are noticed. */
async function* walk(folder: string, above: ReadonlySet<string>, walked: Walked, signal: AbortSignal): AsyncGenerator<string> {
  signal.throwIfAborted()
  const real = await realpath(folder)
  if (above.has(real)) return
  if (walked.folders.has(real) && ++walked.again > MAX_FOLDERS_AGAIN)
    throw badFile(folder, `links lead to the same folders more than ${MAX_FOLDERS_AGAIN} times; name the folders that are meant`)
  walked.folders.add(real)
  if (above.size > MAX_FOLDER_DEPTH) throw badFile(folder, `folders are more than ${MAX_FOLDER_DEPTH} deep in each other`)
  const names = (await readdir(folder)).sort(compare)
  for (const name of names) {
    if (name.startsWith('.') || name === 'node_modules') continue
    const path = join(folder, name)
    // Links that lead nowhere are no files.
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory()) yield* walk(path, new Set([...above, real]), walked, signal)
    const kind = found?.isFile() ? kindOf(path) : undefined
    if (kind && !skippedInFolders(name, kind)) yield path
  }
}

function commonFolder(folders: readonly string[]): string {
  const [first = resolve('.'), ...others] = folders.map((folder) => folder.split(sep))
  const parts = Array.isArray(first) ? first : first.split(sep)
  let length = parts.length
  for (const other of others) {
    let same = 0
    while (same < length && same < other.length && other[same] === parts[same]) same++
    length = same
  }
  return parts.slice(0, length).join(sep) || sep
}
