import { untilAborted } from './abort.js'
import { check, checkFields, isObject } from './checks.js'
import { REQUEST_CHECKS } from './content/request.js'
import { invalidRequest } from './errors.js'
import { checkCallControl, LOAD_CHECKS } from './load-checks.js'
import { modelKey } from './model-key.js'
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
  const { signal, onProgress, onResult, strict } = control
  const { options, body } = splitCall(request)
  const reranker = await untilAborted(shared(options, onProgress), signal)
  return reranker.rerank(body, { ...(signal && { signal }), ...(onResult && { onResult }), ...(strict && { strict }) })
}

/** What loads the model, and what is asked of it. */
function splitCall(request: LoadOptions & RerankRequest): { options: LoadOptions; body: RerankRequest } {
  const given = Object.entries(request).filter(([, value]) => value !== undefined)
  const part = (ofLoad: boolean) => Object.fromEntries(given.filter(([name]) => Object.hasOwn(LOAD_CHECKS, name) === ofLoad))
  return { options: part(true) as unknown as LoadOptions, body: part(false) as unknown as RerankRequest }
}

function checkCall(request: unknown, control: unknown): void {
  if (!isObject(request)) throw invalidRequest('options are missing; write rerank({ model, query, documents })')
  checkFields(request, { ...LOAD_CHECKS, ...REQUEST_CHECKS, model: check.anything }, 'rerank() and its options', 'similar')
  checkCallControl(control)
}

/** The reranker of these options, loaded if there is none. One that has closed since is replaced. */
async function shared(options: LoadOptions, onProgress: LoadControl['onProgress']): Promise<Reranker> {
  const key = modelKey(options)
  const known = loads.get(key)
  if (known && !(await known).closed) return known
  if (loads.get(key) !== known) return shared(options, onProgress)
  // One caller's abort must not take the model from the others who wait for it, so the load has no signal.
  const load = Reranker.load(options, onProgress ? { onProgress } : {})
  loads.set(key, load)
  load.catch(() => loads.delete(key))
  return load
}
