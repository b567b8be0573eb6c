// Adapters that take an embedding model's address load it at the first use. The entry is imported, not bundled: all share it.
import type { Content } from '../content/types.js'
import type { EmbedderOptions, InputType } from '../embed-types.js'
import type { EmbedderLike, EmbedderSource, EmbeddingsLike } from '../embedder-like.js'
import { SecondpassError } from '../errors.js'
import { Embedder } from '../index.js'

/** Turns the options of `Embedder.load` into a source; leaves a source as it is. */
export const embedderSourceOf = (given: EmbedderSource | EmbedderOptions): EmbedderSource =>
  typeof given === 'object' && 'model' in given && !('embed' in given) ? () => Embedder.load(given) : (given as EmbedderSource)

/** What a call says beside its texts. */
export type EmbedCall = Omit<Parameters<EmbedderLike['embed']>[0], 'input'>

/** What the clients' options of a call say beside its inputs. */
export type AdapterEmbedOptions = {
  /** What the inputs are to the search: they search, or are found. */
  inputType?: InputType
  /** The task, in a sentence; for encoders the words before a text. */
  instruction?: string
}

/** The call for the options of a client. */
export const callOf = ({ inputType, instruction }: AdapterEmbedOptions, dimensions: number | undefined): EmbedCall => ({
  ...(inputType !== undefined && { input_type: inputType }),
  ...(instruction !== undefined && { instruction }),
  ...(dimensions !== undefined && { dimensions }),
})

/** The vectors of inputs and the answer that they are from. Clients pair them by their places, so one that is missing is an error. */
export async function vectorsOf(
  embedder: EmbedderLike,
  inputs: readonly Content[],
  call: EmbedCall,
  signal: AbortSignal | undefined,
): Promise<{ vectors: number[][]; response: EmbeddingsLike }> {
  const response = await embedder.embed({ ...call, input: inputs }, signal ? { signal } : {})
  const [failed] = response.meta?.failed ?? []
  if (failed) throw new SecondpassError(failed.code, 400, failed.message)
  const sorted = [...response.data].sort((a, b) => a.index - b.index)
  if (sorted.length !== inputs.length) throw new SecondpassError('bad_response', 502, `${sorted.length} vectors came back for ${inputs.length} inputs`)
  return { vectors: sorted.map(({ embedding }) => Array.from(embedding as ArrayLike<number>)), response }
}
