import { orAborted } from './abort.js'
import { guarded } from './callbacks.js'
import { check } from './checks.js'
import { absoluteUrl, onHub } from './content/addresses.js'
import type { EmbedderOptions } from './embed-types.js'
import { invalidRequest, SecondpassError } from './errors.js'
import { CACHE_CHECKS, checkFileOptions, checkLoadControl, checkLoadOptions } from './load-checks.js'
import { Client, type ClientOptions, folderOf } from './page/client.js'
import { engineOptions, persist } from './page/loading.js'
import { LoadProgress } from './page/progress.js'
import { forgetRoutes } from './page/remembered-routes.js'
import type { ToWorker } from './protocol.js'
import type { LoadOptions } from './reranker.js'
import type { CachedFile, LoadControl, ModelOptions, VerifiedFile } from './types.js'

/** How long the worker of the cache waits for another call. */
const IDLE_MS = 1000

/** Where the package's own files are, and the hub of `hf:` addresses, as in `LoadOptions`; in Node also the folder that is meant: `cache: { folder }`. */
export type CacheOptions = Pick<ModelOptions, 'worker' | 'wasmUrl' | 'cache' | 'hub'>

type CacheAction = Extract<ToWorker, { type: 'cache' }>['action']

/** The files of models that this origin has stored. */
export const cache = {
  /** Stores the files of a model without loading it, so that the load that follows needs no network. An embedding model has files of its own: give `task`. */
  async add(options: LoadOptions | (EmbedderOptions & { task: 'embed' }), control: LoadControl = {}): Promise<void> {
    checkLoadOptions(options, 'cache.add', CACHE_CHECKS)
    checkLoadControl(control)
    const { signal, onProgress } = control
    signal?.throwIfAborted()
    const progress = onProgress && new LoadProgress('store', guarded(onProgress))
    const { json, picked } = engineOptions(options)
    const storage = await withClient(options, (client) =>
      orAborted(
        signal,
        client.call<string>(
          (id) => ({ type: 'store', id, options: json, picked, wasm: client.wasm }),
          signal,
          (message) => {
            if (message.type === 'progress') progress?.add(message.event)
            if (message.type === 'persist') void persist()
          },
        ),
      ),
    )
    if (storage === 'memory' && JSON.parse(json).cache !== 'memory') throw notKept()
    progress?.end()
  },

  /** Every stored file, complete or not. */
  async list(options: CacheOptions = {}): Promise<CachedFile[]> {
    return files(await perform('list', undefined, options), options)
  },

  /** Removes the files of a model, by the address that it is loaded from, with the same `hub`. Resolves to how many were removed. */
  async delete(url: string | URL, options: CacheOptions = {}): Promise<number> {
    return Number(await perform('delete', checked(url, 'cache.delete'), options))
  },

  /** Removes all of them, and what was measured for `device: 'auto'`. Resolves to how many files were removed. */
  async clear(options: CacheOptions = {}): Promise<number> {
    const removed = Number(await perform('delete', undefined, options))
    forgetRoutes()
    return removed
  },

  /** Reads the files of a model, and finds what is missing or damaged. The next load fetches that, and nothing else. */
  async verify(url: string | URL, options: CacheOptions = {}): Promise<VerifiedFile[]> {
    return files(await perform('verify', checked(url, 'cache.verify'), options), options)
  },
}

/** A folder is to the engine what a browser's private file system is. */
const files = <File extends CachedFile | VerifiedFile>(json: string, { cache }: CacheOptions): File[] =>
  (JSON.parse(json) as File[]).map((file) => (folderOf(cache) === undefined ? file : { ...file, storage: 'folder' }))

/** Without it, `delete` would remove everything. */
function checked(url: string | URL, call: string): string | URL {
  if (check.address(url) !== undefined) throw invalidRequest(`the model’s address is missing; write ${call}(url)`)
  return url
}

async function perform(action: CacheAction, url: string | URL | undefined, options: CacheOptions): Promise<string> {
  checkFileOptions(options)
  const address = url === undefined ? null : absoluteUrl(url)
  const meant = address !== null && options.hub ? onHub(address, options.hub) : address
  return withClient(options, (client) => client.call<string>((id) => ({ type: 'cache', id, action, url: meant, wasm: client.wasm })))
}

let shared: Client | undefined
let users = 0

/** One worker for calls that follow each other; it ends soon after the last of them. */
async function withClient<T>({ worker, wasmUrl, cache }: ClientOptions, work: (client: Client) => Promise<T>): Promise<T> {
  const own = worker !== undefined || wasmUrl !== undefined || folderOf(cache) !== undefined
  const client = own
    ? new Client({ ...(worker !== undefined && { worker }), ...(wasmUrl !== undefined && { wasmUrl }), ...(cache !== undefined && { cache }) })
    : (shared = shared && !shared.closed ? shared : new Client({}))
  users++
  try {
    return await work(client)
  } finally {
    users--
    if (own) client.close(finished())
    else setTimeout(() => users === 0 && client.close(finished()), IDLE_MS)
  }
}

const notKept = () =>
  new SecondpassError(
    'storage_failed',
    500,
    'The files arrived, and nothing is stored: the browser did not keep them, or the site’s storage was cleared meanwhile. Call cache.add again; a load works without it.',
  )

const finished = () => new SecondpassError('disposed', 409, 'The worker of the cache has ended.')
