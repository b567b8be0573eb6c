import { untilAborted } from './abort.js'
import { check, checkFields, isObject } from './checks.js'
import { REQUEST_CHECKS } from './content/request.js'
import { invalidRequest } from './errors.js'
import { checkCallControl, LOAD_CHECKS } from './load-checks.js'
import { type LoadOptions, Reranker } from './reranker.js'
import type { LoadControl, RerankControl, RerankRequest, RerankResponse } from './types.js'

const loads = new Map<string, Promise<Reranker>>()

/**
 * One call: loads the model (once for each URL, device and dtype; later calls share it) and reranks.
 *
 * ```ts
 * const { results } = await rerank({ model: '/models/Qwen3-Reranker-0.6B/', query, documents })
 * ```
 */
export async function rerank(request: LoadOptions & RerankRequest, control: LoadControl & RerankControl = {}): Promise<RerankResponse> {
  checkCall(request, control)
  // Destructured here: a destructured parameter would publish the internal options in its type.
  const {
    model,
    vision,
    device,
    workers,
    dtype,
    maxImagePixels,
    applyOrientation,
    kernels,
    savings,
    cache,
    integrity,
    revalidate,
    download,
    wasmUrl,
    worker,
    fallback,
    ...body
  } = request
  const { signal, onProgress, onResult, strict } = control
  const given = {
    vision,
    device,
    workers,
    dtype,
    maxImagePixels,
    applyOrientation,
    kernels,
    savings,
    cache,
    integrity,
    revalidate,
    download,
    wasmUrl,
    worker,
    fallback,
  }
  const options = { model, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) } as LoadOptions
  const reranker = await untilAborted(shared(options, onProgress), signal)
  return reranker.rerank(body, { ...(signal && { signal }), ...(onResult && { onResult }), ...(strict && { strict }) })
}

function checkCall(request: unknown, control: unknown): void {
  if (!isObject(request)) throw invalidRequest('options are missing; write rerank({ model, query, documents })')
  checkFields(request, { ...LOAD_CHECKS, ...REQUEST_CHECKS, model: check.anything }, 'rerank() and its options', 'similar')
  checkCallControl(control)
}

/** The reranker of these options, loaded if there is none. One that has closed since is replaced. */
async function shared(options: LoadOptions, onProgress: LoadControl['onProgress']): Promise<Reranker> {
  const { model, vision, device, workers, dtype, maxImagePixels, applyOrientation, kernels, savings, cache, integrity, revalidate } = options
  const key = JSON.stringify([
    name(model),
    name(vision),
    device ?? 'auto',
    workers ?? 'auto',
    dtype ?? 'auto',
    maxImagePixels,
    applyOrientation ?? false,
    kernels,
    savings,
    cache,
    integrity,
    revalidate,
  ])
  const known = loads.get(key)
  if (known && !(await known).closed) return known
  if (loads.get(key) !== known) return shared(options, onProgress)
  // One caller's abort must not take the model from the others who wait for it, so the load has no signal.
  const load = Reranker.load(options, onProgress ? { onProgress } : {})
  loads.set(key, load)
  load.catch(() => loads.delete(key))
  return load
}

const blobs = new WeakMap<Blob, number>()
let nextBlob = 1

/** Identifies a model in the key: its address, or a number for each picked file. */
function name(model: LoadOptions['model'] | undefined): string {
  if (!(model instanceof Blob)) return String(model)
  const number = blobs.get(model) ?? nextBlob++
  blobs.set(model, number)
  return `file ${number}`
}
