// Vectors of an index's documents: which are missing, and making them in batches.
import type { Content } from '../content/types.js'
import type { EmbedderLike } from '../embedder-like.js'
import { contentOf } from './document-fields.js'
import { embedApart } from './embed-inputs.js'
import type { IndexTable } from './index-table.js'
import type { LogRecord } from './segment.js'
import { quantize, type VectorColumn } from './vector-column.js'

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

/** Vectors of some documents for one field, and the documents of which none could be made, with the reasons. */
export async function embedMissing(
  embedder: EmbedderLike,
  { name, field, expected = '' }: VectorColumn,
  missing: readonly MissingVector[],
  dimensions: number | undefined,
  signal: AbortSignal | undefined,
): Promise<{ made: MadeVector[]; refused: { document: MissingVector; message: string }[] }> {
  const contents = missing.map(({ content }) => content)
  const { vectors, failed } = await embedApart(embedder, contents, { input_type: 'document', instruction: field.instruction, dimensions }, signal)
  const made: MadeVector[] = []
  const refused: { document: MissingVector; message: string }[] = []
  for (const [i, document] of missing.entries()) {
    const vector = vectors[i]
    const { key, checksum } = document
    if (vector) made.push({ type: 'vector', key, checksum, field: { name, print: expected, dimensions: vector.length }, ...quantize(vector) })
    else refused.push({ document, message: failed.get(i)?.message ?? '' })
  }
  return { made, refused }
}
