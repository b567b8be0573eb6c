// What this folder uses of Node's files. Nothing is imported from Node, so that bundlers for browsers find nothing to resolve.

export interface OpenFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
  close(): Promise<void>
}

/** `node:fs`, as far as it is used here. */
export interface NodeFiles {
  openSync(path: string, flags: string): number
  closeSync(file: number): void
  readSync(file: number, buffer: Uint8Array, offset: number, length: number, position: number): number
  writeSync(file: number, buffer: Uint8Array, offset: number, length: number, position: number): number
  fstatSync(file: number): { size: number }
  ftruncateSync(file: number, length: number): void
  fsyncSync(file: number): void
  mkdirSync(path: string, options: { recursive: true }): void
  readdirSync(path: string): string[]
  readFileSync(path: string, encoding: 'utf8'): string
  writeFileSync(path: string, text: string, options: { flag: 'w' | 'wx' }): void
  renameSync(from: string, to: string): void
  statSync(path: string): { mtimeMs: number }
  utimesSync(path: string, accessed: Date, modified: Date): void
  unlinkSync(path: string): void
  promises: {
    open(path: string, flags: string): Promise<OpenFile>
    stat(path: string): Promise<{ size: number; isDirectory(): boolean }>
    statfs?(path: string): Promise<{ bavail: number; bsize: number }>
  }
}

interface NodeModules {
  getBuiltinModule(name: 'node:fs'): NodeFiles
  getBuiltinModule(name: 'node:path'): { join(...parts: string[]): string }
}

const modules = () => (globalThis as unknown as { process: NodeModules }).process

export const nodeFiles = (): NodeFiles => modules().getBuiltinModule('node:fs')
export const joinPath = (...parts: string[]): string =>
  modules()
    .getBuiltinModule('node:path')
    .join(...parts)

/** What the system calls an error: `ENOENT` and so on. */
export const systemCode = (error: unknown): string | undefined => (error as { code?: string } | undefined)?.code

/** Does what can be left undone. */
export function tried(work: () => void): void {
  try {
    work()
  } catch {}
}
