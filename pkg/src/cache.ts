import { absolute } from './attachments.js'
import { Client } from './client.js'
import { SecondpassError } from './errors.js'
import type { ToWorker } from './protocol.js'
import type { CachedFile, LoadOptions, VerifiedFile } from './types.js'

/** Where the package's own files are, as in `LoadOptions`. */
export type CacheOptions = Pick<LoadOptions, 'worker' | 'wasmUrl'>

type What = Extract<ToWorker, { type: 'cache' }>['what']

/** The files of models that this origin has stored. */
export const cache = {
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

async function ask(what: What, url: string | URL | undefined, { worker, wasmUrl }: CacheOptions): Promise<string> {
  const client = new Client(worker)
  const address = url === undefined ? null : absolute(url)
  try {
    return await client.call<string>((id) => ({ type: 'cache', id, what, url: address, wasmUrl: wasmUrl === undefined ? null : absolute(wasmUrl) }))
  } finally {
    client.close(new SecondpassError('disposed', 409, 'The worker has done its work.'))
  }
}
