// A worker with a model in it: what it is told, and how a load ends early.
import { absolute } from './attachments.js'
import { Client } from './client.js'
import { recallKernels, rememberKernels } from './kernels.js'
import type { Picked } from './protocol.js'
import type { LoadControl, LoadOptions, RerankerInfo } from './types.js'

/** A worker that is asked to stop is given so long, in milliseconds, to do so: a load to close its files before it is ended. */
const ABORT_GRACE_MS = 50

/** A loaded model. */
export interface Loaded {
  client: Client
  info: RerankerInfo
}

/** Starts a worker and loads a model into it; `caution` is how often its device was lost before. */
export async function start(options: LoadOptions, { signal, onProgress }: LoadControl, caution = 0): Promise<Loaded> {
  const client = new Client(options)
  try {
    const { json, picked } = engineOptions(options, caution)
    const info = await orAborted(signal, client.call<RerankerInfo>(
      (id) => ({ type: 'load', id, options: json, picked, wasm: client.wasm }),
      signal,
      (message) => {
        if (message.type === 'progress') onProgress?.(message.event)
        if (message.type === 'persist') void persist()
      },
    ))
    // After a loss in the middle of work only the safe kernels were tried, which says nothing of the others.
    if (caution === 0 || !recallKernels()) rememberKernels(info)
    return { client, info }
  } catch (error) {
    client.dispose()
    throw error
  }
}

/** What the engine is told, and the files that the user picked, which are not for JSON. */
export function engineOptions({ model, vision, integrity, ...options }: LoadOptions, caution = 0): { json: string; picked: Picked } {
  const picked: Picked = {}
  if (model instanceof Blob) picked.model = model
  if (vision instanceof Blob) picked.vision = vision
  const address = (file: string | URL | Blob | undefined) => (file === undefined || file instanceof Blob ? undefined : absolute(file))
  const json = JSON.stringify({
    model: address(model),
    vision: address(vision),
    device: options.device ?? 'auto',
    dtype: options.dtype ?? 'auto',
    maxImagePixels: options.maxImagePixels,
    applyOrientation: options.applyOrientation ?? false,
    savings: options.savings,
    cache: options.cache === false ? 'memory' : (options.cache ?? 'auto'),
    integrity: typeof integrity === 'string' ? { model: integrity } : integrity,
    revalidate: options.revalidate ?? false,
    download: options.download,
    kernels: options.kernels,
    remembered: recallKernels(),
    caution,
  })
  return { json, picked }
}

/** Rejects soon after an abort, also where the worker is too busy to hear of it. */
export function orAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const stop = () => setTimeout(() => reject(signal.reason), ABORT_GRACE_MS)
    signal.addEventListener('abort', stop, { once: true })
    // What ends in that time after all is not wanted any more.
    work.then((value) => (signal.aborted ? reject(signal.reason) : resolve(value)), reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** Asks the browser not to delete what is stored when it needs room. Only a page can ask, and only some browsers ask back. */
export async function persist(): Promise<void> {
  try {
    if (!(await navigator.storage.persisted())) await navigator.storage.persist()
  } catch {
    // What is stored is stored all the same.
  }
}
