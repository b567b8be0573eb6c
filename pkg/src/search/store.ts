// Opens the files of an index: in the origin's private file system, the Cache API, or memory.

import { CacheStore } from './cache-store.js'
import { SecondpassError } from './main-entry.js'
import { OpfsStore } from './opfs-store.js'
import type { IndexStorage, SegmentStore } from './segment-store.js'

/** Files that are gone with the index. */
class MemoryStore implements SegmentStore {
  readonly kind = 'memory'
  readonly #files = new Map<string, Uint8Array>()

  async list() {
    return [...this.#files.keys()]
  }

  async read(name: string) {
    return this.#files.get(name)
  }

  async write(name: string, bytes: Uint8Array) {
    this.#files.set(name, bytes.slice())
  }

  async remove(name: string) {
    this.#files.delete(name)
  }

  async destroy() {
    this.#files.clear()
  }
}

/** Opens the files of an index where they are asked for; `auto` takes the first place that this browser gives to this page. */
export async function openStore(name: string, storage: IndexStorage): Promise<SegmentStore> {
  if (storage === 'memory') return new MemoryStore()
  const opfs = storage === 'auto' || storage === 'opfs' ? await OpfsStore.open(name) : undefined
  if (opfs) return opfs
  const cached = storage === 'auto' || storage === 'cache-api' ? await CacheStore.open(name) : undefined
  if (cached) return cached
  if (storage === 'auto') return new MemoryStore()
  throw new SecondpassError('storage_failed', 500, `This browser does not give "${storage}" to this page; storage: 'auto' takes what there is.`)
}

/** Turns what a storage throws into an error of this package. */
export function storageError(error: unknown): unknown {
  if (error instanceof SecondpassError) return error
  const { name, message } = error as Error
  if (name === 'QuotaExceededError') {
    return new SecondpassError('storage_full', 507, `There is no room for the index: ${message}. Remove stored models or indexes, or use storage: 'memory'.`)
  }
  return new SecondpassError('storage_failed', 500, `The index could not be stored or read: ${message}`)
}
