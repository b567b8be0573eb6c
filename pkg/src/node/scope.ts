// Gives a thread of Node what the worker's code expects of a browser: `self`, messages, events of errors, files by `fetch`, and
// a place to store models if there is a folder for them.
import { fetchFile } from './files.js'
import { FolderLocks } from './folder-locks.js'
import { FileHandle, FolderStorage } from './folder-storage.js'
import type { LockOwner } from './lock-files.js'

interface Port {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void
  on(event: 'message' | 'messageerror', listener: (data: unknown) => void): void
}
interface ThreadProcess {
  getBuiltinModule(name: 'node:worker_threads'): { parentPort: Port; workerData: ThreadData }
  on(event: string, listener: (value: Error) => void): void
}

/** What a thread is started with. */
export interface ThreadData {
  /** Where models are stored. */
  folder?: string
  /** By whom locks in that folder are held. */
  owner: LockOwner
}

/** To be called once, before the worker's code is loaded; what it returns afterwards. Until then messages wait. */
export function provideScope(): () => void {
  const { process } = globalThis as unknown as { process: ThreadProcess }
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
  const webFetch = globalThis.fetch
  const scope = Object.assign(globalThis as unknown as { onmessage?: (event: object) => void; onmessageerror?: () => void }, {
    self: globalThis,
    postMessage: (message: unknown, transfer?: readonly Transferable[]) => parentPort.postMessage(message, transfer),
    // Deno has these events in its threads, and what it does for `process.on` relies on them.
    addEventListener:
      globalThis.addEventListener ??
      ((type: string, listener: (event: object) => void) => {
        if (type === 'error') process.on('uncaughtException', ({ message }) => listener({ message, preventDefault() {} }))
        if (type === 'unhandledrejection') process.on('unhandledRejection', (reason) => listener({ reason }))
      }),
    fetch: (input: string | URL | Request, init?: RequestInit) => {
      const address = input instanceof Request ? input.url : String(input)
      return address.startsWith('file:') ? fetchFile(address, init) : webFetch(input, init)
    },
  })
  if (workerData.folder !== undefined) provideStorage(workerData.folder, workerData.owner)
  return () => {
    parentPort.on('message', (data) => scope.onmessage?.({ data }))
    parentPort.on('messageerror', () => scope.onmessageerror?.())
  }
}

/** Storage as browsers have it, in a folder. */
function provideStorage(folder: string, owner: LockOwner): void {
  const scope = globalThis as unknown as { navigator?: object; FileSystemFileHandle: unknown }
  if (!scope.navigator) Object.defineProperty(scope, 'navigator', { value: {}, configurable: true })
  const [storage, locks] = [new FolderStorage(folder), lazyLocks(folder, owner)]
  for (const [name, value] of Object.entries({ storage, locks })) Object.defineProperty(scope.navigator, name, { value, configurable: true })
  scope.FileSystemFileHandle = FileHandle
}

/** The folder is made when the first lock is asked for, so that a folder that cannot be made is an error of that call. */
function lazyLocks(folder: string, owner: LockOwner): Pick<FolderLocks, 'request'> {
  let locks: FolderLocks | undefined
  return { request: async (name, callback) => (locks ??= new FolderLocks(folder, owner)).request(name, callback) }
}
