// The files of one index, wherever they are.

/** Where an index is kept between visits. */
export type IndexStorage = 'auto' | 'opfs' | 'cache-api' | 'memory'

/** The files of one index. A file is written once, as a whole, and never changed. */
export interface SegmentStore {
  readonly kind: Exclude<IndexStorage, 'auto'>
  list(): Promise<string[]>
  /** A file's bytes; undefined if there is none of that name. */
  read(name: string): Promise<Uint8Array | undefined>
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
  remove(name: string): Promise<void>
  /** Removes all of it. */
  destroy(): Promise<void>
}
