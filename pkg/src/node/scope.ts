// Gives a thread of Node what the worker's code expects of a browser: `self`, messages, events of errors, and files by `fetch`.
import { fetchFile } from './files.js'

interface Port {
  postMessage(message: unknown, transfer?: readonly Transferable[]): void
  on(event: 'message' | 'messageerror', listener: (data: unknown) => void): void
}
interface ThreadProcess {
  getBuiltinModule(name: 'node:worker_threads'): { parentPort: Port }
  on(event: string, listener: (value: Error) => void): void
}

/** To be called once, before the worker's code is loaded; what it returns afterwards. Until then messages wait. */
export function provideScope(): () => void {
  const { process } = globalThis as unknown as { process: ThreadProcess }
  const { parentPort } = process.getBuiltinModule('node:worker_threads')
  const webFetch = globalThis.fetch
  const scope = Object.assign(globalThis as unknown as { onmessage?: (event: object) => void; onmessageerror?: () => void }, {
    self: globalThis,
    postMessage: (message: unknown, transfer?: readonly Transferable[]) => parentPort.postMessage(message, transfer),
    addEventListener: (type: string, listener: (event: object) => void) => {
      if (type === 'error') process.on('uncaughtException', ({ message }) => listener({ message, preventDefault() {} }))
      if (type === 'unhandledrejection') process.on('unhandledRejection', (reason) => listener({ reason }))
    },
    fetch: (input: string | URL | Request, init?: RequestInit) => {
      const address = input instanceof Request ? input.url : String(input)
      return address.startsWith('file:') ? fetchFile(address, init) : webFetch(input, init)
    },
  })
  return () => {
    parentPort.on('message', (data) => scope.onmessage?.({ data }))
    parentPort.on('messageerror', () => scope.onmessageerror?.())
  }
}
