// The options of a load, and of calls, checked before anything is started.
import { type Check, type Checks, check, checkFields, isObject } from './checks.js'
import { absoluteUrl, hasCredentials } from './content/addresses.js'
import type { EmbedControl } from './embed-types.js'
import { invalidRequest } from './errors.js'
import type { LoadControl, ModelOptions, RerankControl } from './types.js'

const EXAMPLE = "{ model: 'hf:cross-encoder/ettin-reranker-32m-v1' }"
/** For tests and benchmarks. */
const INTERNAL_OPTIONS: readonly string[] = ['download', 'savings']

const file: Check = (value) => (value instanceof Blob || check.address(value) === undefined ? undefined : 'an address (a string or a URL), or a file (a Blob)')
const either =
  (...checks: [Check, Check]): Check =>
  (value) =>
    checks.some((one) => one(value) === undefined) ? undefined : checks.map((one) => one(value)).join(', or ')
const CACHES: readonly unknown[] = ['auto', 'opfs', 'cache-api', 'memory', false]
const cache: Check = (value) =>
  CACHES.includes(value) || (isObject(value) && check.address(value.folder) === undefined)
    ? undefined
    : "'auto', 'opfs', 'cache-api', 'memory' or false; in Node also { folder: 'path' }"

const memory: Check = (value) =>
  value === 'auto' || value === 'resident' || value === 'streamed' || check.limit(value) === undefined
    ? undefined
    : "'auto', 'resident', 'streamed', or a number of bytes"

/** Which values of `device`, `dtype` and `kernels` there are, the engine says. */
const MODEL_CHECKS: Checks<ModelOptions> = {
  model: file,
  hub: check.address,
  vision: file,
  cache,
  integrity: either(check.text, check.object),
  revalidate: check.flag,
  download: check.object,
  device: check.text,
  // Which numbers there may be, and in which words, the pool says.
  workers: check.anything,
  shared: check.flag,
  dtype: check.text,
  memory,
  maxImagePixels: check.count,
  applyOrientation: check.flag,
  kernels: check.text,
  savings: check.object,
  wasmUrl: either(check.address, check.object),
  worker: either(check.address, check.callback),
}
/** With the option that `Reranker.load` has besides. */
export const LOAD_CHECKS: Record<string, Check> = { ...MODEL_CHECKS, fallback: either(check.object, check.callback) }

const LOAD_CONTROL: Checks<LoadControl> = { signal: check.signal, onProgress: check.callback }
const EMBED_CONTROL: Checks<EmbedControl> = { signal: check.signal, onResult: check.callback, strict: check.flag }
const RERANK_CONTROL: Checks<RerankControl> = { signal: check.signal, onResult: check.callback, strict: check.flag }

/** With those of an embedding model. */
export const EMBEDDER_CHECKS: Record<string, Check> = { ...MODEL_CHECKS, prompts: check.object }
/** Of either. */
export const CACHE_CHECKS: Record<string, Check> = { ...LOAD_CHECKS, ...EMBEDDER_CHECKS, task: check.text }

/** Throws unless these are options of a load. `call` is how it is written. */
export function checkLoadOptions(options: unknown, call: string, checks = LOAD_CHECKS): void {
  if (typeof options === 'string' || options instanceof URL)
    throw invalidRequest(`options must be an object; write ${call}({ model: ${JSON.stringify(String(options))} })`)
  if (!isObject(options)) throw invalidRequest(`options are missing; write ${call}(${EXAMPLE})`)
  const { model } = options
  if (model === undefined || model === null) throw invalidRequest(`the model is missing; write ${call}(${EXAMPLE})`)
  checkFields(options, checks, 'load options', 'refused', INTERNAL_OPTIONS)
  for (const [name, address] of Object.entries({ model, vision: options.vision })) {
    if ((typeof address === 'string' || address instanceof URL) && hasCredentials(absoluteUrl(address))) {
      throw invalidRequest(`the address of ${name} holds a user name or a password, with which a page cannot fetch; let the host allow this page without them`)
    }
  }
}

/** Options that say where the package's own files are; those of a load may be among them. */
export const checkFileOptions = (options: unknown): void => checkObject(options, CACHE_CHECKS, 'options of cache')

export const checkLoadControl = (control: unknown): void => checkObject(control, LOAD_CONTROL, 'control of a load')
export const checkRerankControl = (control: unknown): void => checkObject(control, RERANK_CONTROL, 'control of a request')
export const checkEmbedControl = (control: unknown): void => checkObject(control, EMBED_CONTROL, 'control of a request')
/** For both at once. */
export const checkCallControl = (control: unknown): void => checkObject(control, { ...LOAD_CONTROL, ...RERANK_CONTROL }, 'control of rerank()')

function checkObject(given: unknown, checks: Record<string, Check>, place: string): void {
  if (!isObject(given)) throw invalidRequest(`${place} must be an object, or be left out`)
  checkFields(given, checks, place, 'refused', INTERNAL_OPTIONS)
}
