// What stands in for a browser's worker in Node: a thread with the same interface. Nothing is imported from Node, so that bundlers for
// browsers find nothing to resolve.

interface NodeThread {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void
  terminate(): Promise<number>
  on(event: string, listener: (value: never) => void): void
}
interface NodeProcess {
  cwd(): string
  getBuiltinModule?(name: 'node:worker_threads'): { Worker: new (script: URL) => NodeThread }
  getBuiltinModule?(name: 'node:url'): { pathToFileURL(path: string): URL }
}

const node = (globalThis as { process?: NodeProcess }).process

/** Whether this is a runtime without workers of a browser's kind, and with threads. */
export const hasThreads = (): boolean => typeof Worker === 'undefined' && node?.getBuiltinModule !== undefined

/** What relative addresses refer to: the folder that the process runs in. */
export function folderOfProcess(): string | undefined {
  if (typeof location !== 'undefined') return undefined
  return node?.getBuiltinModule?.('node:url').pathToFileURL(`${node.cwd()}/`).href
}

/** Starts the script as a thread. */
export function startThread(script: URL): Worker {
  const threads = node?.getBuiltinModule?.('node:worker_threads')
  if (!threads) throw new Error('this runtime has no threads')
  const thread = new threads.Worker(script)
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
