// Inputs to unit vectors, checked, whoever makes them.
import type { Content } from '../content/types.js'
import type { EmbedderLike } from '../embedder-like.js'
import { MAX_DIMENSIONS } from './limits.js'
import { SecondpassError } from './main-entry.js'
import { unitVector } from './vector-column.js'

/** So many inputs are given to the embedder at once. */
export const EMBED_BATCH = 32

/** What a request says beside its inputs. */
export interface VectorCall {
  input_type: 'query' | 'document'
  instruction: string | undefined
  dimensions: number | undefined
}

/** The vectors of some inputs, and why others have none. */
export interface EmbeddedInputs {
  vectors: (Float32Array | undefined)[]
  failed: Map<number, SecondpassError>
  warnings: string[]
}

/** The unit vectors of some inputs, and why others have none. */
export async function embed(
  embedder: EmbedderLike,
  input: readonly Content[],
  { input_type, instruction, dimensions }: VectorCall,
  signal: AbortSignal | undefined,
): Promise<EmbeddedInputs> {
  const request = { input, input_type, ...(instruction !== undefined && { instruction }), ...(dimensions !== undefined && { dimensions }) }
  const { data, meta } = await embedder.embed(request, signal ? { signal } : {})
  signal?.throwIfAborted()
  const failed = new Map((meta?.failed ?? []).map(({ index, code, message }) => [index, new SecondpassError(code, 400, message)]))
  const vectors: (Float32Array | undefined)[] = Array.from(input, () => undefined)
  for (const { index, embedding } of data) if (index in vectors) vectors[index] = vectorOf(embedding)
  const lengths = new Set(vectors.flatMap((vector) => vector?.length ?? []))
  if (lengths.size > 1 || vectors.some((vector, i) => !vector && !failed.has(i))) {
    throw new SecondpassError(
      'bad_response',
      502,
      `The embedder was given ${input.length} inputs and did not answer with as many vectors of finite numbers, all of one length.`,
    )
  }
  return { vectors, failed, warnings: [...(meta?.warnings ?? [])] }
}

/** The same; if one of the inputs is broken, and which one is not said, they are tried one by one. */
export async function embedApart(
  embedder: EmbedderLike,
  input: readonly Content[],
  call: VectorCall,
  signal: AbortSignal | undefined,
): Promise<EmbeddedInputs> {
  try {
    return await embed(embedder, input, call, signal)
  } catch (error) {
    signal?.throwIfAborted()
    if (!isContentError(error)) throw error
    if (input.length === 1) return { vectors: [undefined], failed: new Map([[0, error]]), warnings: [] }
    const all: EmbeddedInputs = { vectors: [], failed: new Map(), warnings: [] }
    for (const [i, one] of input.entries()) {
      const { vectors, failed, warnings } = await embedApart(embedder, [one], call, signal)
      all.vectors.push(...vectors)
      const nameOf = () => `input[${i}]`
      for (const error of failed.values()) all.failed.set(i, renamedError(error, nameOf) as SecondpassError)
      all.warnings.push(...warnings.map((message) => renamed(message, nameOf)))
    }
    return all
  }
}

/** A message about an input, with another name for it. */
export const renamed = (message: string, nameOf: (index: number) => string): string =>
  message.replace(/\binput\[(\d+)\]/, (_, index: string) => nameOf(Number(index)))

/** An error about an input, with another name for it. */
export const renamedError = (error: unknown, nameOf: (index: number) => string): unknown =>
  error instanceof SecondpassError ? new SecondpassError(error.code, error.status, renamed(error.message, nameOf)) : error

const vectorOf = (embedding: ArrayLike<number> | string): Float32Array | undefined =>
  typeof embedding !== 'string' && embedding?.length > 0 && embedding.length <= MAX_DIMENSIONS ? unitVector(embedding) : undefined

const CONTENT_ERRORS = new Set<string>([
  'image_unavailable',
  'empty_image',
  'unsupported_image',
  'corrupt_image',
  'image_too_large',
  'bad_aspect_ratio',
  'bad_video',
])

/** Whether one input is at fault, and not the embedder. */
const isContentError = (error: unknown): error is SecondpassError => {
  const { code } = Object(error) as Partial<SecondpassError>
  return code !== undefined && CONTENT_ERRORS.has(code)
}
