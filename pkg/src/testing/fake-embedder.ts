// An embedder whose vectors are words by their hashes.
import { guarded } from '../callbacks.js'
import { readInputs } from '../content/inputs.js'
import { snapshot } from '../content/request.js'
import type { EmbedControl, EmbedderInfo, EmbedderOptions, EmbedRequest, EmbedResponse } from '../embed-types.js'
import type { EmbedderLike } from '../embedder-like.js'
import { SecondpassError } from '../entry/published.js'
import { invalidRequest } from '../errors.js'
import { checkEmbedControl, EMBEDDER_CHECKS } from '../load-checks.js'
import type { LoadControl } from '../types.js'
import { checking, FAKE_INFO, FakeModel, type FakeSettings, loadFake, noTime, usageOf } from './fake-model.js'
import { textOf, wordsOf } from './words.js'

/** How a {@link FakeEmbedder} behaves. */
export interface FakeEmbedderSettings extends FakeSettings<EmbedRequest> {
  /** How many values a vector has. Default 64. */
  dimensions?: number
  /** The vector of a text, of any length but 0; it is scaled to unit length. By default texts are alike that share words. */
  vector?: (text: string, dimensions: number) => ArrayLike<number>
  /** What `info` says otherwise than a small model on the CPU. */
  info?: Partial<EmbedderInfo>
}

const DIMENSIONS = 64

/**
 * An `Embedder` without a model, for unit tests: the cosine of two vectors grows with the words that their texts share.
 *
 * ```ts
 * const index = await SearchIndex.open('test', { fields: ['title'], storage: 'memory', embedder: new FakeEmbedder() })
 * ```
 */
export class FakeEmbedder extends FakeModel<EmbedRequest, EmbedControl, FakeEmbedderSettings> implements EmbedderLike {
  /** What is loaded, as `Embedder.info` says it. */
  readonly info: EmbedderInfo

  constructor(settings: FakeEmbedderSettings = {}) {
    super(settings)
    const { dimensions = DIMENSIONS, info } = settings
    this.info = { ...INFO, dimensions, identity: `fake ${dimensions}`, ...info }
  }

  /** As `Embedder.load`: checks the options, and reports progress. */
  static async load(options: EmbedderOptions, control: LoadControl = {}): Promise<FakeEmbedder> {
    return loadFake(KIND, {}, options, control)
  }

  /** A class whose `load` gives fakes with these settings, to stand in the place of `Embedder`. `made` holds what it has loaded. */
  static with(settings: FakeEmbedderSettings): typeof FakeEmbedder & { readonly made: FakeEmbedder[] } {
    const made: FakeEmbedder[] = []
    return class extends FakeEmbedder {
      static readonly made = made
      static override async load(options: EmbedderOptions, control: LoadControl = {}): Promise<FakeEmbedder> {
        const fake = await loadFake(KIND, settings, options, control)
        made.push(fake)
        return fake
      }
    }
  }

  /** The vectors of texts. */
  async embed(given: EmbedRequest, control: EmbedControl = {}): Promise<EmbedResponse> {
    const request = snapshot(given, 'input')
    const texts = checked(request, control)
    const signal = await this.begin(request, control)
    const report = control.onResult && guarded(control.onResult)
    const { dimensions = this.info.dimensions, encoding_format = 'float' } = request
    const data = texts.map((text, index) => {
      const embedding = this.#vector(text, dimensions)
      report?.({ index, embedding: embedding.slice() })
      signal.throwIfAborted()
      return { object: 'embedding' as const, index, embedding: encoding_format === 'base64' ? base64(embedding) : Array.from(embedding) }
    })
    const meta = { device: this.info.device, timings: noTime(), warnings: [] }
    return { object: 'list', data, model: this.info.model, usage: usageOf(texts), meta }
  }

  #vector(text: string, dimensions: number): Float32Array {
    if (dimensions > this.info.dimensions) {
      throw new SecondpassError('invalid_request', 400, `invalid request: dimensions must be at most ${this.info.dimensions}, which the model has`)
    }
    const made = Float32Array.from((this.settings.vector ?? hashed)(text, this.info.dimensions)).slice(0, dimensions)
    const length = Math.hypot(...made)
    return length > 0 ? made.map((value) => value / length) : made
  }
}

const KIND = { call: 'Embedder.load', checks: EMBEDDER_CHECKS, make: (settings: FakeEmbedderSettings) => new FakeEmbedder(settings) }

function checked(request: EmbedRequest, control: EmbedControl): string[] {
  return checking(() => {
    checkEmbedControl(control)
    const { inputs, fields } = readInputs(request, (picture) => picture)
    const { encoding_format: format = 'float' } = fields
    if (format === 'float' || format === 'base64') return inputs.map(textOf)
    throw invalidRequest('a FakeEmbedder gives encoding_format float and base64')
  })
}

/** Each word counts at one place; a text without any has a place of its own. */
function hashed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  const words = wordsOf(text)
  for (const word of words.length > 0 ? words : ['']) {
    const place = hashOf(word) % dimensions
    vector[place] = (vector[place] as number) + 1
  }
  return vector
}

/** FNV-1a in 32 bits. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5
  for (const letter of word) hash = Math.imul(hash ^ (letter.codePointAt(0) as number), 0x01000193)
  return hash >>> 0
}

const base64 = (vector: Float32Array): string => btoa(String.fromCharCode(...new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)))

const INFO: EmbedderInfo = { ...FAKE_INFO, identity: 'fake', dimensions: DIMENSIONS, normalized: true }
