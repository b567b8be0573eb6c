// Keeps the vectors of an index complete: makes those that are missing, and all of them anew for another model.
import type { EmbedderLike } from '../embedder-like.js'
import { EMBED_BATCH } from './embed-inputs.js'
import { countMissing, embedMissing, type MadeVector, type MissingVector, missingVectors, skipKey } from './embedding.js'
import type { IndexCore } from './index-core.js'
import { printOf } from './index-options.js'
import type { IndexControl, IndexProgress } from './index-progress.js'
import { SecondpassError } from './main-entry.js'
import type { VectorColumn } from './vector-column.js'

export class VectorWork {
  readonly #core: IndexCore
  readonly #source: (signal?: AbortSignal) => Promise<EmbedderLike>
  /** All who want to hear how far the work is: it is done once, whoever waits for it. */
  readonly #listeners = new Set<(progress: IndexProgress) => void>()
  readonly #closing = new AbortController()
  /** Contents that this embedder refuses; they are tried again when the index is next opened. */
  readonly #skipped = new Set<string>()
  #background: Promise<void> | undefined

  constructor(core: IndexCore, source: (signal?: AbortSignal) => Promise<EmbedderLike>, listener: IndexControl['onProgress']) {
    this.#core = core
    this.#source = source
    if (listener) this.#listeners.add(listener)
    const told = new Set<VectorColumn>()
    core.table.onForeign = (column) => {
      if (!told.has(column)) this.#announce([column], 0)
      told.add(column)
    }
  }

  /** The embedder. Vectors that another model made are forgotten, and their making begins. */
  async embedder(signal?: AbortSignal): Promise<EmbedderLike> {
    const embedder = await this.#source(signal)
    this.#identify(embedder)
    this.start()
    return embedder
  }

  /** Makes what is missing, without anybody waiting for it. */
  start(): void {
    if (this.#background || this.#closing.signal.aborted || this.missing === 0) return
    const work = this.complete({ signal: this.#closing.signal })
    this.#background = work
    work.then(
      () => (this.#background = undefined),
      (error: unknown) => {
        this.#background = undefined
        if (!this.#closing.signal.aborted) this.#core.warn(`Vectors could not be made: ${(error as Error).message}`)
      },
    )
  }

  /** The work that nobody waits for; undefined if there is none. */
  get background(): Promise<void> | undefined {
    return this.#background
  }

  get missing(): number {
    return countMissing(this.#core.table)
  }

  /** Makes all vectors that are missing. Of several pages that have the index open one does it, and the others wait. */
  async complete({ signal, onProgress }: IndexControl): Promise<void> {
    if (this.missing === 0) return
    if (onProgress) this.#listeners.add(onProgress)
    try {
      await this.#core.locks.run('embed', 'exclusive', signal, () => this.#complete(signal))
    } finally {
      if (onProgress) this.#listeners.delete(onProgress)
    }
  }

  async #complete(signal: AbortSignal | undefined): Promise<void> {
    await this.#core.log.catchUp(signal)
    const { table } = this.#core
    // What is empty needs no model.
    if (!missingVectors(table, 1, this.#skipped)) return
    const embedder = await this.#source(signal)
    this.#identify(embedder)
    const total = this.missing
    for (let next = this.#next(); next; next = this.#next()) {
      signal?.throwIfAborted()
      await this.#store(next.column, await this.#embed(embedder, next.column, next.missing, signal))
      this.#report({ stage: 'embed', loaded: Math.max(0, total - this.missing), total })
    }
  }

  #next() {
    return missingVectors(this.#core.table, EMBED_BATCH, this.#skipped)
  }

  #report(progress: IndexProgress): void {
    for (const listener of this.#listeners) listener(progress)
  }

  close(): void {
    this.#closing.abort(new SecondpassError('disposed', 409, 'The index was closed.'))
  }

  /** Compares the vectors that are there with the model. */
  #identify(embedder: EmbedderLike): void {
    const { identity } = embedder.info ?? {}
    if (typeof identity !== 'string')
      throw new SecondpassError('invalid_request', 400, 'The embedder has no info.identity, a text that says which vectors compare.')
    const { table, layout } = this.#core
    for (const column of table.columns) column.expected = printOf(identity, column.field, layout.dimensions)
    const foreign = table.columns.filter(({ print, expected }) => print && print.print !== expected)
    if (foreign.length === 0) return
    const total = foreign.reduce((sum, { count }) => sum + count, 0)
    for (const column of foreign) column.reset(undefined)
    this.#announce(foreign, total)
  }

  #announce(foreign: readonly VectorColumn[], total: number): void {
    const names = foreign.map(({ name }) => `"${name}"`).join(', ')
    const message = `The vectors of ${names} were made by another model or in another way; they are made anew.`
    this.#core.warn(message)
    this.#report({ stage: 'rebuild', loaded: 0, total, message })
  }

  async #embed(embedder: EmbedderLike, column: VectorColumn, missing: readonly MissingVector[], signal: AbortSignal | undefined): Promise<MadeVector[]> {
    const { made, refused } = await embedMissing(embedder, column, missing, this.#core.layout.dimensions, signal)
    for (const { document, message } of refused) this.#skip(column, document, message)
    return made
  }

  #skip({ name }: VectorColumn, document: MissingVector, message: string): void {
    this.#skipped.add(skipKey(name, document))
    this.#core.warn(`Document ${document.key} has no vector "${name}": ${message}`)
  }

  /** Vectors of documents that were changed or removed meanwhile are not stored. */
  #store(column: VectorColumn, vectors: readonly MadeVector[]): Promise<void> {
    const { table, log } = this.#core
    return log.append((add, seq) => {
      for (const vector of vectors) {
        const row = table.rowOf(vector.key)
        if (row !== undefined && table.at(row)?.checksum === vector.checksum && column.misses(row)) add({ ...vector, seq })
      }
    })
  }
}
