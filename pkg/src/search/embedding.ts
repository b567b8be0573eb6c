// Vectors of an index's documents: which are missing, and making them in batches.
import type { Content } from '../content/types.js'
import type { EmbedderLike } from '../embedder-like.js'
import { contentOf } from './document-fields.js'
import type { VectorField } from './index-options.js'
import type { IndexTable } from './index-table.js'
import { MAX_DIMENSIONS } from './limits.js'
import { SecondpassError } from './main-entry.js'
import type { LogRecord } from './segment.js'
import { quantize, unitVector, type VectorColumn } from './vector-column.js'

/** So many inputs are given to the embedder at once; they are stored together. */
export const EMBED_BATCH = 32

/** A document's content for one vector field. */
export interface MissingVector {
  key: string
  checksum: number
  content: Content
}

/** The next inputs without a vector, all of one field. Rows in which a field is empty are noted as such. */
export function missingVectors(table: IndexTable, limit: number, skipped: ReadonlySet<string>): { column: VectorColumn; missing: MissingVector[] } | undefined {
  for (const column of table.columns) {
    const missing: MissingVector[] = []
    for (let row = 0; row < table.rows && missing.length < limit; row++) {
      const stored = table.at(row)
      if (!stored || !column.misses(row) || skipped.has(skipKey(column.name, stored))) continue
      const content = contentOf(table.document(row), column.field)
      if (content === undefined) column.setEmpty(row)
      else missing.push({ key: stored.key, checksum: stored.checksum, content })
    }
    // One request has one instruction.
    if (missing.length > 0) return { column, missing }
  }
  return undefined
}

/** How many rows lack a vector of some field, those in which the field may be empty included. */
export function countMissing(table: IndexTable): number {
  let count = 0
  for (let row = 0; row < table.rows; row++) {
    if (table.at(row)) for (const column of table.columns) if (column.misses(row)) count++
  }
  return count
}

/** Names a content that could not be embedded. */
export const skipKey = (name: string, { key, checksum }: { key: string; checksum: number }) => `${name} ${checksum} ${key}`

/** A vector that is not in the log yet. */
export type MadeVector = Omit<Extract<LogRecord, { type: 'vector' }>, 'seq'>

/** Vectors of some documents for one field, in their order. */
export async function embedMissing(
  embedder: EmbedderLike,
  { name, field, expected = '' }: VectorColumn,
  missing: readonly MissingVector[],
  dimensions: number | undefined,
  signal: AbortSignal | undefined,
): Promise<MadeVector[]> {
  const contents = missing.map(({ content }) => content)
  const vectors = await embed(embedder, contents, 'document', field, dimensions, signal)
  const print = { name, print: expected, dimensions: vectors[0]?.length ?? 0 }
  return vectors.map((vector, i) => {
    const { key, checksum } = missing[i] as MissingVector
    return { type: 'vector', key, checksum, field: print, ...quantize(vector) }
  })
}

/** Unit vectors of some inputs. */
export async function embed(
  embedder: EmbedderLike,
  input: readonly Content[],
  input_type: 'query' | 'document',
  { instruction }: Pick<VectorField, 'instruction'>,
  dimensions: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const request = { input, input_type, ...(instruction !== undefined && { instruction }), ...(dimensions !== undefined && { dimensions }) }
  const { data } = await embedder.embed(request, signal ? { signal } : {})
  signal?.throwIfAborted()
  const vectors: Float32Array[] = []
  for (const { index, embedding } of data) {
    const vector = embedding && embedding.length > 0 && embedding.length <= MAX_DIMENSIONS ? unitVector(embedding) : undefined
    if (vector) vectors[index] = vector
  }
  const lengths = new Set(Array.from(input, (_, i) => vectors[i]?.length))
  if (lengths.size !== 1 || lengths.has(undefined)) {
    throw new SecondpassError(
      'bad_response',
      502,
      `The embedder was given ${input.length} inputs and did not answer with as many vectors of finite numbers, all of one length.`,
    )
  }
  return vectors
}
