// `embed()` against a server.
import { isObject } from '../checks.js'
import { printable } from '../content/addresses.js'
import { readInputs } from '../content/inputs.js'
import type { ContentOf } from '../content/schema.js'
import { wellFormed } from '../content/text.js'
import type { Picture } from '../content/types.js'
import type { EmbedControl, EmbedderInfo, EmbeddingData, EmbedRequest, EmbedResponse } from '../embed-types.js'
import { invalidRequest, SecondpassError, unreadable } from '../errors.js'
import { toDataUrl } from './data-url.js'
import { checkRemoteOptions, type RemoteOptions } from './options.js'
import { send } from './send.js'

/** Options of `Embedder.remote`. */
export type RemoteEmbedderOptions = Omit<RemoteOptions, 'format'>

/** A picture whose text is set once it is encoded. */
interface EncodedPicture {
  url: string
}

/** Jina's field, for servers that read pictures. */
type WireInput = string | { image: string }

/** An embedding model on a server; `Embedder.remote` wraps it. */
export class RemoteEmbedder {
  readonly #options: RemoteEmbedderOptions
  readonly #url: string
  readonly #running = new Set<AbortController>()
  #closed: SecondpassError | undefined
  #dimensions = 0

  constructor(options: RemoteEmbedderOptions) {
    this.#url = checkRemoteOptions(options, 'Embedder.remote', 'https://example.org/v1/embeddings')
    this.#options = options
  }

  /** What is known of the model. Its dimensions are, after the first answer. */
  get info(): EmbedderInfo {
    const { model = '' } = this.#options
    const url = printable(this.#url)
    return {
      model,
      url,
      identity: `${url} ${model}`.trim(),
      dimensions: this.#dimensions,
      normalized: false,
      family: 'remote',
      vision: true,
      device: 'remote',
      adapter: null,
      dtype: 'remote',
      weight_bytes: 0,
      wasm_bytes: 0,
      workers: 0,
      kernels: null,
      storage: 'remote',
    }
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** Aborts the requests that are running. */
  dispose(): void {
    this.#closed = new SecondpassError('disposed', 409, 'The embedder was disposed of.')
    for (const controller of this.#running) controller.abort(this.#closed)
  }

  /** The vectors of texts and pictures. */
  async embed(request: EmbedRequest, { signal, onResult }: EmbedControl): Promise<EmbedResponse> {
    if (this.#closed) throw this.#closed
    const controller = new AbortController()
    const stop = () => controller.abort(signal?.reason)
    signal?.addEventListener('abort', stop, { once: true })
    this.#running.add(controller)
    try {
      const response = await this.#ask(request, controller.signal)
      for (const { index, embedding } of response.data) {
        if (Array.isArray(embedding) && !controller.signal.aborted) onResult?.({ index, embedding: Float32Array.from(embedding) })
      }
      controller.signal.throwIfAborted()
      return response
    } finally {
      this.#running.delete(controller)
      signal?.removeEventListener('abort', stop)
    }
  }

  async #ask(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResponse> {
    const start = performance.now()
    const { body, inputs } = await this.#format(request, signal)
    const answer = parseJson(await send(this.#url, body, this.#options, signal))
    const response = parseEmbeddings(answer, inputs, this.#options.model ?? '', performance.now() - start)
    const first = response.data[0]?.embedding
    if (Array.isArray(first) && (request.encoding_format ?? 'float') === 'float') this.#dimensions = first.length
    return response
  }

  async #format(request: EmbedRequest, signal: AbortSignal): Promise<{ body: string; inputs: number }> {
    const pictures: [Picture, EncodedPicture][] = []
    try {
      const { inputs, fields } = readInputs(request, (picture) => {
        const encoded = { url: '' }
        pictures.push([picture, encoded])
        return encoded
      })
      await Promise.all(
        pictures.map(async ([picture, encoded]) => {
          encoded.url = await toDataUrl(picture, (input, init) => globalThis.fetch(input, init), signal)
        }),
      )
      const { model = this.#options.model, ...rest } = fields
      const list = inputs.map((input, i) => wireInput(input, `input[${i}]`))
      return { body: JSON.stringify({ ...(model !== undefined && { model: wellFormed(String(model)) }), ...rest, input: list }), inputs: list.length }
    } catch (error) {
      throw signal.aborted ? signal.reason : unreadable(error)
    }
  }
}

function wireInput(content: ContentOf<EncodedPicture>, place: string): WireInput {
  if (typeof content === 'string') return content
  const parts = 'content' in content ? content.content : undefined
  const texts = parts ? parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])) : [(content as { text?: string | string[] }).text ?? []].flat()
  const images = parts ? parts.flatMap((part) => (part.type === 'image_url' ? [part.image_url] : [])) : ((content as { image?: EncodedPicture[] }).image ?? [])
  const videos = parts ? parts.filter((part) => part.type === 'video_url').length : ((content as { video?: unknown[] }).video?.length ?? 0)
  const [picture, ...more] = images
  if (!picture && videos === 0) return texts.join('')
  if (!picture || more.length > 0 || videos > 0 || texts.join('') !== '') throw invalidRequest(`${place} must be text or one picture for a server`)
  return { image: picture.url.replace(/^data:[^,]{0,200};base64,/, '') }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw malformed('it is no JSON. Is the address that of its embeddings route?')
  }
}

const malformed = (why: string) => new SecondpassError('bad_response', 502, `The server’s answer cannot be used: ${why}`)

function parseEmbeddings(body: unknown, inputs: number, model: string, total_ms: number): EmbedResponse {
  const answer = isObject(body) ? body : {}
  const list = [answer.data, body].find(Array.isArray)
  if (!list) throw malformed('it holds no list of vectors')
  if (list.length !== inputs) throw malformed(`it holds ${list.length} vectors for ${inputs} inputs`)
  const data = list.map((entry, place) => vectorOf(entry, place, inputs)).sort((a, b) => a.index - b.index)
  if (data.some(({ index }, place) => index !== place)) throw malformed('it names an input twice')
  const lengths = new Set(data.map(({ embedding }) => embedding.length))
  if (lengths.size > 1) throw malformed('its vectors differ in length')
  const usage = isObject(answer.usage) ? answer.usage : {}
  const tokens = [usage.prompt_tokens, usage.total_tokens].find((count) => typeof count === 'number' && count >= 0) ?? 0
  return {
    object: 'list',
    data,
    model: typeof answer.model === 'string' ? answer.model : model,
    usage: { prompt_tokens: tokens as number, total_tokens: tokens as number },
    meta: { device: 'remote', timings: { tokenize_ms: 0, vision_ms: 0, compute_ms: total_ms, total_ms }, warnings: [] },
  }
}

/** TEI's own route gives bare vectors, in the order of the inputs. */
function vectorOf(entry: unknown, place: number, inputs: number): EmbeddingData {
  const { index = place, embedding = entry } = isObject(entry) ? entry : {}
  if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= inputs) throw malformed('an index is no place in the request')
  const isVector = Array.isArray(embedding) && embedding.length > 0 && embedding.every((value) => typeof value === 'number' && Number.isFinite(value))
  if (!isVector && !(typeof embedding === 'string' && embedding !== '')) throw malformed('a vector is no list of numbers')
  return { object: 'embedding', index: index as number, embedding: embedding as number[] | string }
}
