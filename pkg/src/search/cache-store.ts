// An index in the Cache API: for browsers whose pages cannot write to the private file system.
import type { SegmentStore } from './segment-store.js'

export class CacheStore implements SegmentStore {
  readonly kind = 'cache-api'
  readonly #cacheName: string

  private constructor(name: string) {
    this.#cacheName = `secondpass-search:${name}`
  }

  /** Undefined where there is no Cache API for this page. */
  static async open(name: string): Promise<CacheStore | undefined> {
    if (!globalThis.caches) return undefined
    const store = new CacheStore(name)
    try {
      await store.list()
      return store
    } catch {
      return undefined
    }
  }

  async list() {
    const requests = await (await this.#open()).keys()
    return requests.map(({ url }) => decodeURIComponent(new URL(url).pathname.slice(1)))
  }

  async read(name: string) {
    const response = await (await this.#open()).match(this.#address(name))
    return response && new Uint8Array(await response.arrayBuffer())
  }

  async write(name: string, bytes: Uint8Array<ArrayBuffer>) {
    await (await this.#open()).put(this.#address(name), new Response(bytes, { headers: { 'content-length': String(bytes.length) } }))
  }

  async remove(name: string) {
    await (await this.#open()).delete(this.#address(name))
  }

  async destroy() {
    await caches.delete(this.#cacheName)
  }

  #open(): Promise<Cache> {
    return caches.open(this.#cacheName)
  }

  /** Requests need an address; nothing is ever fetched from it. */
  #address(name: string): string {
    return `https://secondpass.invalid/${encodeURIComponent(name)}`
  }
}
