// What stands in for a browser's worker in Node: a thread with the same interface. Nothing is imported from Node, so that bundlers for
// browsers find nothing to resolve.

import { type LockOwner, removeLocks } from './lock-files.js'

interface NodeThread {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void
  terminate(): Promise<number>
  on(event: string, listener: (value: never) => void): void
}
interface NodeProcess {
  pid: number
  cwd(): string
  getBuiltinModule?(name: 'node:worker_threads'): { Worker: new (script: URL, options: { workerData: object; execArgv: string[] }) => NodeThread }
  getBuiltinModule?(name: 'node:url'): { pathToFileURL(path: string): URL; fileURLToPath(url: string | URL): string }
  getBuiltinModule?(name: 'node:path'): { resolve(path: string): string }
  getBuiltinModule?(name: 'node:os'): { availableParallelism(): number; totalmem(): number; hostname(): string }
}

const node = (globalThis as { process?: NodeProcess }).process

/**
 * Whether this runtime has Node's threads and files: Node, Deno and Bun, also with jsdom, which gives a document and no workers.
 * Electron's windows have both, and are pages.
 */
export const hasFolders = (): boolean => node?.getBuiltinModule !== undefined && (typeof document === 'undefined' || typeof Worker === 'undefined')

/** Whether this is a runtime without workers of a browser's kind, and with threads. */
export const hasThreads = (): boolean => typeof Worker === 'undefined' && hasFolders()

/** What is known of the machine: the cores of its processor, and its memory in GiB. */
export function machine(): { hardwareConcurrency?: number; deviceMemory?: number } {
  const os = hasThreads() ? node?.getBuiltinModule?.('node:os') : undefined
  if (!os) return globalThis.navigator ?? {}
  return { hardwareConcurrency: os.availableParallelism(), deviceMemory: os.totalmem() / 2 ** 30 }
}

/** What relative addresses refer to: the folder that the process runs in. */
export function folderOfProcess(): string | undefined {
  if (typeof location !== 'undefined') return undefined
  return node?.getBuiltinModule?.('node:url').pathToFileURL(`${node.cwd()}/`).href
}

/** The path of a folder, given as a path or as a file's address. */
function pathOf(folder: string | URL): string | undefined {
  const path = String(folder).startsWith('file:') ? node?.getBuiltinModule?.('node:url').fileURLToPath(folder) : String(folder)
  return path === undefined ? undefined : node?.getBuiltinModule?.('node:path').resolve(path)
}

/** Starts the script as a thread. With a folder, that is where it stores models. */
export function startThread(script: URL, folder?: string | URL): Worker {
  const threads = node?.getBuiltinModule?.('node:worker_threads')
  if (!threads) throw new Error('this runtime has no threads')
  const path = folder === undefined ? undefined : pathOf(folder)
  const owner: LockOwner = { host: node?.getBuiltinModule?.('node:os').hostname() ?? '', pid: node?.pid ?? 0, thread: crypto.randomUUID() }
  // The process's own options are for its script: with --input-type, of `node -e`, a thread would not start.
  const thread = new threads.Worker(script, { workerData: { owner, ...(path !== undefined && { folder: path }) }, execArgv: [] })
  if (path !== undefined) thread.on('exit', () => removeLocks(path, owner))
  const worker: Pick<Worker, 'postMessage' | 'terminate' | 'onmessage' | 'onmessageerror' | 'onerror'> = {
    postMessage: (message: unknown, transfer?: unknown) => thread.postMessage(message, transfer as readonly Transferable[]),
    terminate: () => void thread.terminate(),
    onmessage: null,
    onmessageerror: null,
    onerror: null,
  }
  thread.on('message', (data: unknown) => worker.onmessage?.call(worker as Worker, { data } as MessageEvent))
  thread.on('messageerror', () => worker.onmessageerror?.call(worker as Worker, {} as MessageEvent))
  thread.on('error', ({ message }: Error) => worker.onerror?.call(worker as Worker, { message, preventDefault() {} } as ErrorEvent))
  return worker as Worker
}
