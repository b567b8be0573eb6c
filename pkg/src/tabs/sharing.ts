// Which tabs may share a model.
import { messageOf } from '../errors.js'
import { folderOf } from '../page/client.js'
import { identityOf } from '../page/loading.js'
import type { WorkerModelOptions } from '../protocol.js'
import { memberName } from './messages.js'
import { takeLock } from './tab-locks.js'

/** The version of the package, which its build fills in: tabs with different ones do not understand each other. */
declare const PACKAGE_VERSION: string

/** Equal in tabs that may share a model: the same files, loaded and computed with in the same way. */
export const sharingKey = (options: WorkerModelOptions): string => JSON.stringify([PACKAGE_VERSION, ...identityOf(options)])

/** Why these options cannot be shared here, if they cannot. */
export async function whyNotShared(options: WorkerModelOptions): Promise<string | undefined> {
  if (typeof BroadcastChannel === 'undefined' || globalThis.navigator?.locks === undefined || typeof location === 'undefined')
    return 'only tabs of a browser share models, on https or localhost'
  if (options.model instanceof Blob || options.vision instanceof Blob) return 'a file that was picked is known to its own tab alone'
  if (folderOf(options.cache) !== undefined) return 'models in a folder are not shared among tabs'
  try {
    const lock = await takeLock(memberName(crypto.randomUUID()))
    lock.release()
    return undefined
  } catch (error) {
    return `the browser does not let this page use Web Locks (${messageOf(error)})`
  }
}
