// A folder on disk with the interface of a browser's private file system, as far as the engine uses it: so it stores models there
// by the same code, with the same journals and checks.
import { joinPath, nodeFiles, systemCode } from './file-system.js'

/** `navigator.storage` over a folder. */
export class FolderStorage {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async getDirectory(): Promise<FolderHandle> {
    return new FolderHandle(this.#folder)
  }

  /** The room that is left on the disk; rejects where the runtime does not tell. */
  async estimate(): Promise<{ quota: number; usage: number }> {
    const { statfs } = nodeFiles().promises
    if (!statfs) throw new DOMException('This runtime does not tell how much room there is.', 'NotSupportedError')
    const { bavail, bsize } = await statfs(this.#folder)
    return { quota: bavail * bsize, usage: 0 }
  }
}

/** As a FileSystemDirectoryHandle. */
class FolderHandle {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async getDirectoryHandle(name: string): Promise<FolderHandle> {
    const path = joinPath(this.#path, name)
    translated(() => nodeFiles().mkdirSync(path, { recursive: true }))
    return new FolderHandle(path)
  }

  async getFileHandle(name: string, { create = false }: { create?: boolean } = {}): Promise<FileHandle> {
    const path = joinPath(this.#path, name)
    if (create) translated(() => nodeFiles().closeSync(nodeFiles().openSync(path, 'a')))
    else await nodeFiles().promises.stat(path).catch(rejected)
    return new FileHandle(path)
  }

  async removeEntry(name: string): Promise<void> {
    translated(() => nodeFiles().unlinkSync(joinPath(this.#path, name)))
  }

  async *keys(): AsyncGenerator<string> {
    yield* translated(() => nodeFiles().readdirSync(this.#path))
  }
}

/** As a FileSystemFileHandle, whose presence among the globals tells the engine that there is such a file system. */
export class FileHandle {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async getFile(): Promise<FileOnDisk> {
    const { size } = await nodeFiles().promises.stat(this.#path).catch(rejected)
    return new FileOnDisk(this.#path, size)
  }

  async createSyncAccessHandle(): Promise<SyncHandle> {
    return new SyncHandle(translated(() => nodeFiles().openSync(this.#path, 'r+')))
  }
}

/** What is read of a Blob. The file is open only while it is read, so that nothing has to be closed. */
class FileOnDisk {
  readonly #path: string
  readonly #from: number
  readonly size: number

  constructor(path: string, size: number, from = 0) {
    this.#path = path
    this.#from = from
    this.size = size
  }

  slice(from: number, to: number): FileOnDisk {
    return new FileOnDisk(this.#path, to - from, this.#from + from)
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.size)
    const file = await nodeFiles().promises.open(this.#path, 'r').catch(rejected)
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, at, bytes.length - at, this.#from + at)
        if (bytesRead === 0) throw new DOMException('The file is shorter than it was.', 'NotReadableError')
        at += bytesRead
      }
    } finally {
      await file.close()
    }
    return bytes.buffer
  }
}

/** As a FileSystemSyncAccessHandle. The engine's locks see to it that a file has one writer. */
class SyncHandle {
  readonly #file: number

  constructor(file: number) {
    this.#file = file
  }

  read(buffer: Uint8Array, { at }: { at: number }): number {
    return translated(() => nodeFiles().readSync(this.#file, buffer, 0, buffer.length, at))
  }

  write(buffer: Uint8Array, { at }: { at: number }): number {
    return translated(() => nodeFiles().writeSync(this.#file, buffer, 0, buffer.length, at))
  }

  getSize(): number {
    return translated(() => nodeFiles().fstatSync(this.#file).size)
  }

  truncate(length: number): void {
    translated(() => nodeFiles().ftruncateSync(this.#file, length))
  }

  flush(): void {
    translated(() => nodeFiles().fsyncSync(this.#file))
  }

  close(): void {
    nodeFiles().closeSync(this.#file)
  }
}

/** Names of a browser's errors, by which the engine tells what is missing and what is full. */
const NAMES: Record<string, string> = { ENOENT: 'NotFoundError', ENOSPC: 'QuotaExceededError', EDQUOT: 'QuotaExceededError', EFBIG: 'QuotaExceededError' }

function rejected(error: unknown): never {
  const name = NAMES[systemCode(error) ?? '']
  throw name ? new DOMException((error as Error).message, name) : error
}

function translated<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    return rejected(error)
  }
}
