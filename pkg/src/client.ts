// A worker, and the calls that are made to it.
import { absolute } from './attachments.js'
import { SecondpassError, fromWire } from './errors.js'
import type { FromWorker, ToWorker, Wasm } from './protocol.js'
import type { LoadOptions } from './types.js'

interface Pending {
  resolve: (value: never) => void
  reject: (error: unknown) => void
  onMessage: (message: FromWorker) => void
  signal: AbortSignal | undefined
}

const ignore = () => {}
/** Compiled once for all workers of a page. */
const compiled = new Map<string, WebAssembly.Module>()

export class Client {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #wasmUrl: string | null
  /** Of the worker, after the latest request. */
  wasmBytes: number | undefined
  #nextId = 1
  #ready = false
  #closed: SecondpassError | undefined

  constructor({ worker, wasmUrl }: Pick<LoadOptions, 'worker' | 'wasmUrl'>) {
    this.#worker = startWorker(worker)
    this.#wasmUrl = wasmUrl === undefined ? null : absolute(wasmUrl)
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data)
    this.#worker.onerror = (event) => {
      event.preventDefault()
      // Once it runs, nothing but a device or a memory that gave way stops it.
      if (this.#ready) return this.close(new SecondpassError('device_lost', 503, `The worker stopped (${event.message || 'without a word'}): its device was lost, or its memory full.`))
      this.close(failed(`The worker stopped${event.message ? `: ${event.message}` : ', or its script could not be loaded. Serve worker.js beside the package, from the page’s own origin, or give its address as worker'}.`))
    }
    this.#worker.onmessageerror = () => this.close(failed('A message from the worker could not be read.'))
  }

  /** The engine's code, as the worker is told of it. */
  get wasm(): Wasm {
    return compiled.get(String(this.#wasmUrl)) ?? this.#wasmUrl
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  /** Sends a message under a number of its own and waits for the answer; what comes before it goes to `onMessage`. */
  call<T>(message: (id: number) => ToWorker, signal?: AbortSignal, onMessage: (message: FromWorker) => void = ignore, transfer: Transferable[] = []): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    const id = this.#nextId++
    const onAbort = () => this.post({ type: 'abort', id })
    signal?.addEventListener('abort', onAbort, { once: true })
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onMessage, signal })
      this.#worker.postMessage(message(id), transfer)
    }).finally(() => {
      this.#pending.delete(id)
      signal?.removeEventListener('abort', onAbort)
    })
  }

  #receive(message: FromWorker): void {
    if (message.type === 'ready') return void (this.#ready = true)
    if (message.type === 'memory') return void (this.wasmBytes = message.bytes)
    if (message.type === 'lost') return this.close(new SecondpassError(message.code, 503, message.message))
    if (message.type === 'compiled') return void compiled.set(String(this.#wasmUrl), message.module)
    const pending = this.#pending.get(message.id)
    if (!pending) return
    switch (message.type) {
      case 'loaded':
        return pending.resolve(message.info as never)
      case 'done':
        return pending.resolve(message.response as never)
      case 'failed':
        return pending.reject(fromWire(message.error, pending.signal))
      default:
        return pending.onMessage(message)
    }
  }

  /** Ends the worker; calls still running are rejected with the code `disposed`. */
  dispose(): void {
    this.close(new SecondpassError('disposed', 409, 'The reranker was disposed of.'))
  }

  /** Ends the worker, and with this error every call that still runs. */
  close(error: SecondpassError): void {
    if (this.#closed) return
    this.#closed = error
    this.#worker.terminate()
    for (const pending of this.#pending.values()) pending.reject(error)
  }
}

const failed = (message: string) => new SecondpassError('worker_failed', 500, message)

function startWorker(worker: LoadOptions['worker']): Worker {
  try {
    if (typeof worker === 'function') return worker()
    // Bundlers find the worker by this very form, so it must not be pulled apart.
    if (worker === undefined) return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    return new Worker(worker, { type: 'module' })
  } catch (error) {
    throw failed(`The worker could not be started: ${(error as Error).message}`)
  }
}
