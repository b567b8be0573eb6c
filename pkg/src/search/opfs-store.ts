// An index in the origin's private file system. `createWritable` works in a page as well as in a worker, and a file appears
// under its name only when it is closed, so that a page that is killed leaves no half of one.
import type { SegmentStore } from './segment-store.js'

const FOLDER = 'secondpass-search'

export class OpfsStore implements SegmentStore {
  readonly kind = 'opfs'
  readonly #name: string

  private constructor(name: string) {
    this.#name = folderName(name)
  }

  /** Undefined where this browser has no such file system, does not let a page write to it, or does not give it to this page. */
  static async open(name: string): Promise<OpfsStore | undefined> {
    if (!globalThis.FileSystemFileHandle?.prototype.createWritable) return undefined
    const store = new OpfsStore(name)
    try {
      await store.#folder()
      return store
    } catch {
      return undefined
    }
  }

  async list() {
    const names: string[] = []
    // TypeScript's DOM does not know yet that folders can be iterated.
    for await (const name of ((await this.#folder()) as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name)
    return names
  }

  async read(name: string) {
    try {
      const handle = await (await this.#folder()).getFileHandle(name)
      return new Uint8Array(await (await handle.getFile()).arrayBuffer())
    } catch (error) {
      if ((error as Error).name === 'NotFoundError') return undefined
      throw error
    }
  }

  async write(name: string, bytes: Uint8Array<ArrayBuffer>) {
    const handle = await (await this.#folder()).getFileHandle(name, { create: true })
    const stream = await handle.createWritable()
    try {
      await stream.write(bytes)
    } catch (error) {
      await stream.abort().catch(() => {})
      throw error
    }
    await stream.close()
  }

  async remove(name: string) {
    try {
      await (await this.#folder()).removeEntry(name)
    } catch (error) {
      if ((error as Error).name !== 'NotFoundError') throw error
    }
  }

  async destroy() {
    try {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER)
      await root.removeEntry(this.#name, { recursive: true })
    } catch (error) {
      if ((error as Error).name !== 'NotFoundError') throw error
    }
  }

  /** Asked for each time, since another tab may have removed it. */
  async #folder(): Promise<FileSystemDirectoryHandle> {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true })
    return root.getDirectoryHandle(this.#name, { create: true })
  }
}

/** Neither a dot alone nor a slash is a file's name. */
const folderName = (name: string) => `index-${encodeURIComponent(name)}`
