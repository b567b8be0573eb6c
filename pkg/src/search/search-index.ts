// The search of a page: documents with keywords and vectors, kept in the page's storage.
import type { Content } from '../content/types.js'
import { once, type RerankerLike } from '../reranker-like.js'
import { keyOf, type PreparedDocument, prepare } from './document-fields.js'
import { channelName, IndexCore } from './index-core.js'
import { layoutOf, type SearchIndexOptions } from './index-options.js'
import type { IndexControl } from './index-progress.js'
import { IndexLocks } from './locks.js'
import { SecondpassError } from './main-entry.js'
import { SearchRun } from './search-run.js'
import type { SearchOptions, SearchResponse } from './search-types.js'
import type { IndexStorage, SegmentStore } from './segment-store.js'
import { openStore, storageError } from './store.js'
import { exportIndex, importIndex } from './transfer.js'
import { VectorWork } from './vector-work.js'

/** Documents are written in files of so many, or so many bytes. */
const [BATCH_DOCUMENTS, BATCH_BYTES] = [256, 2 << 20]

/** What an index holds. */
export interface SearchIndexInfo {
  name: string
  documents: number
  /** How many documents have a vector, for each vector field. */
  vectors: Record<string, number>
  /** Vectors that are not made yet. */
  missing: number
  storage: SegmentStore['kind']
  /** The size of its log, and in how many files it is. */
  bytes: number
  files: number
  /** What is not as it should be: damaged files, vectors that had to be made anew. */
  warnings: string[]
}

/**
 * Documents of a page with a keyword index, vectors and a reranker, of which the last two are optional. What is added is stored and is
 * there at the next visit; several tabs may have the same index open.
 *
 * ```ts
 * const index = await SearchIndex.open('docs', { fields: ['title', 'body'], embedder, reranker })
 * await index.add(pages)
 * const { results } = await index.search('how to install', { onStage: ({ results }) => show(results) })
 * ```
 */
export class SearchIndex<Document extends object = Record<string, unknown>> {
  readonly #name: string
  readonly #core: IndexCore
  readonly #kind: SegmentStore['kind']
  readonly #vectors: VectorWork | undefined
  readonly #reranker: ((signal?: AbortSignal) => Promise<RerankerLike>) | undefined
  readonly #searches = new Set<AbortController>()

  private constructor(name: string, core: IndexCore, kind: SegmentStore['kind'], options: SearchIndexOptions, { onProgress }: IndexControl) {
    this.#name = name
    this.#core = core
    this.#kind = kind
    this.#vectors = options.embedder && new VectorWork(core, once(options.embedder), onProgress)
    this.#reranker = options.reranker && once(options.reranker)
  }

  /**
   * Opens an index, or makes it. Vectors that are missing, or that another model made, are made in the background; `onProgress` hears
   * of that, and `settled` waits for it.
   */
  static async open<Document extends object = Record<string, unknown>>(
    name: string,
    options: SearchIndexOptions,
    control: IndexControl = {},
  ): Promise<SearchIndex<Document>> {
    control.signal?.throwIfAborted()
    const layout = layoutOf(name, options)
    const store = await openStore(name, options.storage ?? 'auto')
    const core = new IndexCore(name, layout, store)
    try {
      await core.open(control.signal)
    } catch (error) {
      core.close()
      throw error
    }
    const index = new SearchIndex<Document>(name, core, store.kind, options, control)
    // A function is called only when a model is needed.
    if (options.embedder && typeof options.embedder !== 'function')
      index.#vectors?.embedder().catch((error: Error) => core.warn(`The embedder failed: ${error.message}`))
    return index
  }

  /** Removes a stored index. Tabs that have it open see it empty. */
  static async delete(name: string, { storage = 'auto' }: { storage?: IndexStorage } = {}): Promise<void> {
    const store = await openStore(name, storage)
    await new IndexLocks(name, store.kind !== 'memory').run('log', 'exclusive', undefined, async () => {
      try {
        await store.destroy()
      } catch (error) {
        throw storageError(error)
      }
    })
    if (store.kind === 'memory' || !globalThis.BroadcastChannel) return
    const channel = new BroadcastChannel(channelName(name))
    channel.postMessage({ deleted: true })
    channel.close()
  }

  /** What it holds now. */
  get info(): SearchIndexInfo {
    const { table, log, warnings } = this.#core
    return {
      name: this.#name,
      documents: table.size,
      vectors: Object.fromEntries(table.columns.map(({ name, count }) => [name, count])),
      missing: this.#vectors?.missing ?? 0,
      storage: this.#kind,
      bytes: log.bytes,
      files: log.files,
      warnings: [...warnings],
    }
  }

  /**
   * Stores documents, and makes their vectors. A document with an id that is there already replaces it; one that is the same costs
   * nothing, so that work that was interrupted can be repeated. Each document is found by keywords as soon as it is stored, which
   * `onProgress` reports, and the promise resolves when the vectors are stored too.
   */
  async add(documents: Iterable<Document> | AsyncIterable<Document>, control: IndexControl = {}): Promise<void> {
    this.#open()
    const { id } = this.#core.layout
    let batch: PreparedDocument[] = []
    let bytes = 0
    let loaded = 0
    const total = Array.isArray(documents) ? documents.length : 0
    const flush = async () => {
      await this.#put(batch, control)
      loaded += batch.length
      control.onProgress?.({ stage: 'store', loaded, total: Math.max(total, loaded) })
      batch = []
      bytes = 0
    }
    for await (const document of documents) {
      control.signal?.throwIfAborted()
      const prepared = prepare(document, id)
      batch.push(prepared)
      bytes += prepared.bytes.length
      if (batch.length >= BATCH_DOCUMENTS || bytes >= BATCH_BYTES) await flush()
    }
    if (batch.length > 0) await flush()
    await this.#finish(control)
  }

  /** Changes fields of documents that are there. The others keep their values; vectors of what does not change are kept. */
  async update(changes: Iterable<Partial<Document>>, control: IndexControl = {}): Promise<void> {
    this.#open()
    const { layout, table } = this.#core
    const prepared = [...changes].map((change) => {
      const key = keyOf((change as Record<string, unknown>)[layout.id], layout.id)
      const row = table.rowOf(key)
      if (row === undefined) throw new SecondpassError('not_found', 404, `There is no document ${key} to update; add() makes new ones.`)
      return prepare({ ...table.document(row), ...change }, layout.id)
    })
    await this.#put(prepared, control)
    await this.#finish(control)
  }

  /** Removes documents. Resolves to how many there were. */
  async remove(ids: Iterable<string | number>, { signal }: Pick<IndexControl, 'signal'> = {}): Promise<number> {
    this.#open()
    const { layout, table, log } = this.#core
    const keys = new Set([...ids].map((id) => keyOf(id, layout.id)))
    let removed = 0
    await log.append((add, seq) => {
      for (const key of keys) {
        if (table.rowOf(key) === undefined) continue
        add({ type: 'delete', seq, key })
        removed++
      }
    }, signal)
    await this.#core.settle()
    return removed
  }

  /** Removes every document. */
  async clear({ signal }: Pick<IndexControl, 'signal'> = {}): Promise<void> {
    this.#open()
    await this.#core.log.append((add, seq) => add({ type: 'clear', seq }), signal)
    await this.#core.settle()
  }

  /** A document as it is stored. */
  get(id: string | number): Document | undefined {
    const { layout, table } = this.#core
    const row = table.rowOf(keyOf(id, layout.id))
    return row === undefined ? undefined : (structuredClone(table.document(row)) as Document)
  }

  /**
   * Finds documents. Keywords give the first results, vectors are added to them by reciprocal rank, and the best are reranked;
   * `onStage` is called after each. A stage that fails is reported in `stages`, and the others go on without it. A new search aborts
   * the one before.
   */
  async search(query: Content, options: SearchOptions<Document> = {}): Promise<SearchResponse<Document>> {
    this.#open()
    options.signal?.throwIfAborted()
    if (!options.keepEarlier) for (const earlier of this.#searches) earlier.abort(new DOMException('A newer search took its place.', 'AbortError'))
    const controller = new AbortController()
    const stop = () => controller.abort(options.signal?.reason)
    options.signal?.addEventListener('abort', stop, { once: true })
    this.#searches.add(controller)
    const vectors = this.#vectors
    try {
      const run = new SearchRun<Document>(
        {
          table: this.#core.table,
          layout: this.#core.layout,
          keywords: () => this.#core.keywords(),
          embedder: vectors && ((signal) => vectors.embedder(signal)),
          reranker: this.#reranker,
          missing: () => vectors?.missing ?? 0,
        },
        query,
        options,
        controller.signal,
      )
      return await run.run()
    } finally {
      this.#searches.delete(controller)
      options.signal?.removeEventListener('abort', stop)
    }
  }

  /** Resolves when no vectors are being made in the background; rejects if they could not be made. */
  async settled(): Promise<void> {
    await this.#core.settle()
    await this.#vectors?.background
  }

  /** The whole index as one file, which `import` reads. */
  async export(): Promise<Blob> {
    this.#open()
    return exportIndex(this.#core)
  }

  /**
   * Replaces what the index holds by an exported one: an address, or the file itself. What was imported before is not read again.
   * Resolves to whether anything was replaced.
   */
  async import(source: string | URL | Blob | BufferSource, control: IndexControl = {}): Promise<boolean> {
    this.#open()
    const replaced = await importIndex(this.#core, source, control)
    if (replaced) await this.#finish(control)
    return replaced
  }

  /** Ends running searches and background work. What is stored stays. */
  dispose(): void {
    for (const search of this.#searches) search.abort(closed())
    this.#vectors?.close()
    this.#core.close()
  }

  async #put(documents: readonly PreparedDocument[], { signal, onProgress }: IndexControl): Promise<void> {
    this.#open()
    if (documents.length > 0) await this.#core.put(documents, signal)
    const keywords = await this.#core.keywords()
    const { size } = this.#core.table
    await keywords.catchUp(onProgress && ((left) => onProgress({ stage: 'keywords', loaded: Math.max(0, size - left), total: size })))
  }

  async #finish(control: IndexControl): Promise<void> {
    await this.#core.settle()
    await this.#vectors?.complete(control)
  }

  #open(): void {
    if (this.#core.closed) throw closed()
  }
}

const closed = () => new SecondpassError('disposed', 409, 'The index was closed.')
