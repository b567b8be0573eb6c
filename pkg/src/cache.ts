import { absolute } from './attachments.js'
import { Client } from './client.js'
import { SecondpassError } from './errors.js'
import { engineOptions, orAborted, persist } from './loading.js'
import type { ToWorker } from './protocol.js'
import type { CachedFile, LoadControl, LoadOptions, VerifiedFile } from './types.js'

/** How long the worker of the cache waits for another call. */
const IDLE_MS = 1000

/** Where the package's own files are, as in `LoadOptions`. */
export type CacheOptions = Pick<LoadOptions, 'worker' | 'wasmUrl'>

type What = Extract<ToWorker, { type: 'cache' }>['what']

/** The files of models that this origin has stored. */
export const cache = {
  /** Stores the files of a model without loading it, so that the load that follows needs no network. */
  async add(options: LoadOptions, { signal, onProgress }: LoadControl = {}): Promise<void> {
    signal?.throwIfAborted()
    await using(options, (client) => {
      const { json, picked } = engineOptions(options)
      return orAborted(signal, client.call<string>((id) => ({ type: 'store', id, options: json, picked, wasm: client.wasm }), signal, (message) => {
        if (message.type === 'progress') onProgress?.(message.event)
        if (message.type === 'persist') void persist()
      }))
    })
  },

  /** Every stored file, complete or not. */
  async list(options: CacheOptions = {}): Promise<CachedFile[]> {
    return JSON.parse(await ask('list', undefined, options))
  },

  /** Removes the files of a model, by the URL that it is loaded from; how many they were. */
  async delete(url: string | URL, options: CacheOptions = {}): Promise<number> {
    return Number(await ask('delete', url, options))
  },

  /** Removes all of them. */
  async clear(options: CacheOptions = {}): Promise<number> {
    return Number(await ask('delete', undefined, options))
  },

  /** Reads the files of a model, and finds what is missing or damaged. The next load fetches that, and nothing else. */
  async verify(url: string | URL, options: CacheOptions = {}): Promise<VerifiedFile[]> {
    return JSON.parse(await ask('verify', url, options))
  },
}

const ask = (what: What, url: string | URL | undefined, options: CacheOptions): Promise<string> =>
  using(options, (client) => client.call<string>((id) => ({ type: 'cache', id, what, url: url === undefined ? null : absolute(url), wasm: client.wasm })))

let shared: Client | undefined
let users = 0

/** One worker for calls that follow each other, which ends soon after the last of them. */
async function using<T>({ worker, wasmUrl }: CacheOptions, work: (client: Client) => Promise<T>): Promise<T> {
  const own = worker !== undefined || wasmUrl !== undefined
  const client = own ? new Client({ ...(worker !== undefined && { worker }), ...(wasmUrl !== undefined && { wasmUrl }) }) : (shared = shared && !shared.closed ? shared : new Client({}))
  users++
  try {
    return await work(client)
  } finally {
    users--
    if (own) client.close(done())
    else setTimeout(() => users === 0 && client.close(done()), IDLE_MS)
  }
}

const done = () => new SecondpassError('disposed', 409, 'The worker has done its work.')
