// Vectors for engines that keep them in their documents: one in a field of each document, and that of a query.
import type { Checks } from '../checks.js'
import type { Content, Picture } from '../content/types.js'
import type { EmbedderLike } from '../embedder-like.js'
import type { ErrorCode } from '../errors.js'
import { internals } from '../index.js'
import { EMBED_BATCH, type EmbeddedInputs, embed, embedApart, renamed, renamedError, type VectorCall } from './embed-inputs.js'
import type { HitPath } from './fields.js'
import { badRequest, SecondpassError } from './main-entry.js'
import type { FoundContent, ReadContents, TextAndImage } from './read-fields.js'
import { type DocumentWithVector, place } from './vector-place.js'

const { check, checkField, checkOptions, guarded, inBatches, isObject, readFields } = internals

/** A field of a document: a path such as `title` or `meta.title`, or a function that returns the value. */
export type DocumentField<Document, Value> = HitPath<Document> | ((document: Document) => Value | null | undefined)

/** Options of {@link withVectors}. */
export interface WithVectorsOptions<Document, Into extends string = string> {
  /** The text of a document: one field, or several, which are joined with line breaks. Default `text`. */
  text?: DocumentField<Document, string | string[]> | DocumentField<Document, string | string[]>[]
  /** The pictures of a document, for models that see. Default none. */
  image?: DocumentField<Document, Picture | Picture[]>
  /** The field that gets the vector, a name or a path such as `_vectors.words`. Default `embedding`. */
  into?: Into
  /** How many numbers a vector has, where the model allows less than all of its own. */
  dimensions?: number
  /** The task, in a sentence, for models that take one; for documents. */
  instruction?: string
  /** Stops the call. */
  signal?: AbortSignal
  /** Called after each batch: how many of the documents with content are done. */
  onProgress?: (progress: { loaded: number; total: number }) => void
}

/** Copies of documents, each with a vector if it has content. */
export interface DocumentsWithVectors<Document, Into extends string> extends Array<DocumentWithVector<Document, Into>> {
  /** What is to be said about them. */
  readonly meta: {
    /** Documents whose content could not be read, and why. They have no vector. */
    readonly failed: readonly { readonly index: number; readonly code: ErrorCode; readonly message: string }[]
    /** Fields that no document has, and what the embedder says. */
    readonly warnings: readonly string[]
  }
}

/** Options of {@link queryVector}. */
export interface QueryVectorOptions {
  /** How many numbers the vector has; as many as those of the documents. */
  dimensions?: number
  /** The task, in a sentence, for models that take one; for queries. */
  instruction?: string
  /** Stops the call. */
  signal?: AbortSignal
}

/**
 * Gives each document a vector, for a search engine that keeps vectors in its documents: Orama, Typesense, Meilisearch, or records
 * of any other. The documents are copied; a copy without content has no such field. Vectors have unit length.
 *
 * ```ts
 * const db = create({ schema: { title: 'string', body: 'string', embedding: `vector[${embedder.info.dimensions}]` } })
 * await insertMultiple(db, await withVectors(embedder, documents, { text: ['title', 'body'] }))
 * ```
 */
export async function withVectors<Document extends object, Into extends string = 'embedding'>(
  embedder: EmbedderLike | PromiseLike<EmbedderLike>,
  documents: readonly Document[],
  options: WithVectorsOptions<Document, Into> = {},
): Promise<DocumentsWithVectors<Document, Into>> {
  checkEmbedder(embedder, "withVectors(embedder, documents, { text: 'title' })")
  const checked = checkOptions(options, CHECKS, 'withVectors')
  const { into = DEFAULT_FIELD, signal } = checked
  signal?.throwIfAborted()
  // All is tried before the first is embedded: a mistake in the name of a field costs nothing.
  const read = readFields(documents, checked as TextAndImage<Document>, 'document')
  const placed = (vectors: ReadonlyMap<number, number[]>) =>
    documents.map((document, i) => place(document, into, vectors.get(i), `"${into}" of documents[${i}]`))
  placed(new Map())
  const vectors = await embedAll(embedder, read, checked)
  const failed = [...read.failed].map(([index, { code, message }]) => ({ index, code, message })).sort((a, b) => a.index - b.index)
  // Beside the list, so that it can be inserted and sent as a list.
  return Object.defineProperty(placed(vectors), 'meta', { value: { failed, warnings: read.warnings } }) as DocumentsWithVectors<Document, Into>
}

/**
 * The vector of a query, for the same engine.
 *
 * ```ts
 * const vector = { value: await queryVector(embedder, query), property: 'embedding' }
 * const { hits } = await search(db, { mode: 'hybrid', term: query, vector, similarity: 0.3 })
 * ```
 */
export async function queryVector(embedder: EmbedderLike | PromiseLike<EmbedderLike>, query: Content, options: QueryVectorOptions = {}): Promise<number[]> {
  checkEmbedder(embedder, 'queryVector(embedder, query)')
  const { dimensions, instruction, signal } = checkOptions(options, QUERY_CHECKS, 'queryVector')
  if (query === undefined || query === null) throw badRequest('query must be provided')
  signal?.throwIfAborted()
  try {
    const { vectors, failed } = await embed(await embedder, [query], { input_type: 'query', instruction, dimensions }, signal)
    if (!vectors[0]) throw failed.get(0)
    return numbersOf(vectors[0], dimensions)
  } catch (error) {
    throw renamedError(error, () => 'query')
  }
}

const QUERY_CHECKS: Checks<QueryVectorOptions> = { dimensions: check.count, instruction: check.text, signal: check.signal }
const CHECKS: Checks<WithVectorsOptions<object>> = {
  text: checkField,
  image: checkField,
  into: (value) => (typeof value === 'string' && value.split('.').every((name) => name !== '') ? undefined : 'the name of a field, or a path to one'),
  onProgress: check.callback,
  ...QUERY_CHECKS,
}

function checkEmbedder(embedder: unknown, call: string): void {
  if (!isObject(embedder) || !('embed' in embedder || 'then' in embedder))
    throw badRequest(`the first argument must be an embedder, or a promise of one: ${call}`)
}

const DEFAULT_FIELD = 'embedding'

/** The vectors of all contents, by the places of their documents. What fails, and warnings, are added to what was read. */
async function embedAll<Document>(
  source: EmbedderLike | PromiseLike<EmbedderLike>,
  { contents, failed, warnings }: ReadContents,
  { dimensions, instruction, signal, onProgress }: Omit<WithVectorsOptions<Document>, 'into'>,
): Promise<Map<number, number[]>> {
  const vectors = new Map<number, number[]>()
  if (contents.length === 0) return vectors
  const embedder = await source
  const tell = onProgress && guarded(onProgress)
  let loaded = 0
  let length = dimensions
  for (const batch of inBatches(contents, EMBED_BATCH)) {
    signal?.throwIfAborted()
    const answer = await embedBatch(embedder, batch, { input_type: 'document', instruction, dimensions }, signal)
    for (const [i, { index }] of batch.entries()) {
      const vector = answer.vectors[i]
      length ??= vector?.length
      if (vector) vectors.set(index, numbersOf(vector, length))
      else failed.set(index, answer.failed.get(i) as SecondpassError)
    }
    warnings.push(...answer.warnings)
    loaded += batch.length
    tell?.({ loaded, total: contents.length })
  }
  // The last callback may have stopped the call.
  signal?.throwIfAborted()
  return vectors
}

function numbersOf(vector: Float32Array, length: number | undefined): number[] {
  if (length !== undefined && vector.length !== length)
    throw new SecondpassError('bad_response', 502, `The embedder answered with vectors of ${vector.length} numbers instead of ${length}.`)
  return Array.from(vector)
}

/** Messages name the documents, not the inputs of a batch. */
async function embedBatch(embedder: EmbedderLike, batch: readonly FoundContent[], call: VectorCall, signal: AbortSignal | undefined): Promise<EmbeddedInputs> {
  const nameOf = (i: number) => `documents[${batch[i]?.index ?? i}]`
  const contents = batch.map(({ content }) => content)
  try {
    const { vectors, failed, warnings } = await embedApart(embedder, contents, call, signal)
    const named = new Map([...failed].map(([i, error]) => [i, renamedError(error, nameOf) as SecondpassError]))
    return { vectors, failed: named, warnings: warnings.map((message) => renamed(message, nameOf)) }
  } catch (error) {
    throw renamedError(error, nameOf)
  }
}
