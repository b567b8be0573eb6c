// What comes back from a server of vectors, in the formats of the common ones: checked before any of it is used.
import { isObject } from '../checks.js'
import type { EmbeddingData, EmbedResponse, EncodingFormat } from '../embed-types.js'
import { unusable } from './unusable.js'

/** The answer of any of these servers, as a response of this package. */
export function parseEmbeddings(body: unknown, inputs: number, format: EncodingFormat, model: string, total_ms: number): EmbedResponse {
  const answer = isObject(body) ? body : {}
  // Cohere has a list for each type that was asked for, and in its first version one list.
  const ofCohere = isObject(answer.embeddings) ? answer.embeddings[format] : answer.embeddings
  const list = [answer.data, ofCohere, body].find(Array.isArray)
  if (!list) throw unusable('it holds no list of vectors')
  if (list.length !== inputs) throw unusable(`it holds ${list.length} vectors for ${inputs} inputs`)
  const data = list.map((entry, place) => vectorOf(entry, place, inputs)).sort((a, b) => a.index - b.index)
  if (data.some(({ index }, place) => index !== place)) throw unusable('it names an input twice')
  const lengths = new Set(data.map(({ embedding }) => embedding.length))
  if (lengths.size > 1) throw unusable('its vectors differ in length')
  const tokens = tokensOf(answer)
  return {
    object: 'list',
    data,
    model: typeof answer.model === 'string' ? answer.model : model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
    meta: { device: 'remote', timings: { tokenize_ms: 0, vision_ms: 0, compute_ms: total_ms, total_ms }, warnings: warningsOf(answer.meta) },
  }
}

/** TEI and Cohere give bare vectors, in the order of the inputs. */
function vectorOf(entry: unknown, place: number, inputs: number): EmbeddingData {
  const { index = place, embedding = entry } = isObject(entry) ? entry : {}
  if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= inputs) throw unusable('an index is no place in the request')
  const isVector = Array.isArray(embedding) && embedding.length > 0 && embedding.every((value) => typeof value === 'number' && Number.isFinite(value))
  if (!isVector && !(typeof embedding === 'string' && embedding !== '')) throw unusable('a vector is no list of numbers')
  return { object: 'embedding', index: index as number, embedding: embedding as number[] | string }
}

function tokensOf({ usage, meta }: Record<string, unknown>): number {
  const { prompt_tokens, total_tokens } = isObject(usage) ? usage : {}
  const { billed_units, tokens } = isObject(meta) ? meta : {}
  const counts = [prompt_tokens, total_tokens, ...[tokens, billed_units].map((of) => (isObject(of) ? of.input_tokens : undefined))]
  return counts.find((count): count is number => typeof count === 'number' && count >= 0) ?? 0
}

const warningsOf = (meta: unknown): string[] => [isObject(meta) ? meta.warnings : []].flat().filter((warning): warning is string => typeof warning === 'string')
