// A worker, and the calls that are made to it.
import { absoluteUrl } from '../content/addresses.js'
import { deserializeError, disposed, invalidRequest, messageOf, SecondpassError, WorkerLostError } from '../errors.js'
import { hasFolders, hasThreads, startThread } from '../node/thread.js'
import { policyBlock, watchPolicy } from '../policy.js'
import type { Build, FromWorker, ToWorker, WasmModules } from '../protocol.js'
import type { ModelOptions } from '../types.js'

/** The options that say where the package's own files are, and where a worker stores models. */
export type ClientOptions = Pick<ModelOptions, 'worker' | 'wasmUrl' | 'cache'>

interface Pending {
  resolve: (value: never) => void
  reject: (error: unknown) => void
  onMessage: (message: FromWorker) => void
  signal: AbortSignal | undefined
  /** Whether the worker has begun with it. */
  started: boolean
}

/**
 * This file's address, for scripts that bundlers must not look for: `new URL(…, import.meta.url)` is the form that they find, and
 * webpack replaces it by an error where the first argument is a name.
 */
const HERE = import.meta.url
const THREAD_SCRIPT = './node-worker.js'
const ignore = () => {}
/** Modules by build and address, compiled once for all workers of a page. */
const compiled = new Map<string, WebAssembly.Module>()

export class Client {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #wasmUrls: Record<Build, string | null>
  readonly #fullOnly: boolean
  /** Of the worker's module, after the latest request. */
  wasmBytes: number | undefined
  /** What pictures added to it. */
  pictureBytes = 0
  #nextId = 1
  #ready = false
  #closed: SecondpassError | undefined

  constructor({ worker, wasmUrl, cache }: ClientOptions) {
    watchPolicy()
    const since = performance.now()
    this.#worker = startWorker(worker, folderOf(cache))
    if (typeof worker === 'function') this.#watchEnd()
    const { full, cpu } = typeof wasmUrl === 'object' && !(wasmUrl instanceof URL) ? (wasmUrl ?? {}) : { full: wasmUrl }
    this.#wasmUrls = { full: full ? absoluteUrl(full) : null, cpu: cpu ? absoluteUrl(cpu) : null }
    this.#fullOnly = typeof wasmUrl === 'string' || wasmUrl instanceof URL
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data)
    this.#worker.onerror = (event) => {
      event.preventDefault()
      // The worker reports its own crashes once it runs, unless it was taken away.
      if (this.#ready) return this.#lose(new WorkerLostError('internal', 500, `The worker stopped (${event.message || 'no reason was given'}).`))
      void this.#failToStart(event.message, since)
    }
    this.#worker.onmessageerror = () => this.close(workerFailed('A message from the worker could not be read.'))
  }

  async #failToStart(message: string, since: number): Promise<void> {
    const blocked = await policyBlock(since, 'worker-src', 'script-src', 'child-src', 'default-src')
    const advice =
      blocked ??
      'Serve worker.js beside the package, or give its address as worker; from another origin it needs CORS, and blob: and that origin in the worker-src of a policy.'
    this.close(workerFailed(`The worker stopped${message ? `: ${message}.` : `, or its script could not be loaded. ${advice}`}`))
  }

  /** A worker that its maker terminates gives no sign of it, and a call would wait for ever. */
  #watchEnd(): void {
    const terminate = this.#worker.terminate.bind(this.#worker)
    this.#worker.terminate = () => {
      terminate()
      if (!this.#closed) this.#lose(new WorkerLostError('internal', 500, 'The worker was terminated by the page that made it.'))
    }
  }

  /** The engine's modules, for a message to the worker. */
  get wasm(): WasmModules {
    const of = (build: Build) => compiled.get(this.#key(build)) ?? this.#wasmUrls[build]
    return { full: of('full'), cpu: of('cpu'), fullOnly: this.#fullOnly, addresses: this.#wasmUrls }
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  /** Sends a message under an id of its own and waits for the answer; messages before it go to `onMessage`. */
  call<T>(
    message: (id: number) => ToWorker,
    signal?: AbortSignal,
    onMessage: (message: FromWorker) => void = ignore,
    transfer: Transferable[] = [],
  ): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    const id = this.#nextId++
    const onAbort = () => this.post({ type: 'abort', id })
    signal?.addEventListener('abort', onAbort, { once: true })
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onMessage, signal, started: false })
      try {
        this.#worker.postMessage(message(id), transfer)
      } catch (error) {
        throw invalidRequest(`it cannot be sent to the worker (${messageOf(error)})`)
      }
    }).finally(() => {
      this.#pending.delete(id)
      signal?.removeEventListener('abort', onAbort)
    })
  }

  #key(build: Build): string {
    return `${build} ${this.#wasmUrls[build]}`
  }

  #receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.#ready = true
        return
      case 'memory':
        this.wasmBytes = message.bytes
        this.pictureBytes += message.pictures
        return
      case 'lost':
        return this.#lose(new WorkerLostError(message.code, message.code === 'internal' ? 500 : 503, message.message))
      case 'compiled':
        compiled.set(this.#key(message.build), message.module)
        return
      default:
        return this.#answer(message)
    }
  }

  #answer(message: Extract<FromWorker, { id: number }>): void {
    const pending = this.#pending.get(message.id)
    if (!pending) return
    switch (message.type) {
      case 'started':
        pending.started = true
        return
      case 'loaded':
        return pending.resolve(message as never)
      case 'done':
        return pending.resolve(message.response as never)
      case 'failed':
        return pending.reject(deserializeError(message.error, pending.signal))
      default:
        return pending.onMessage(message)
    }
  }

  /** Ends the worker; pending calls are rejected with the code `disposed`. */
  dispose(): void {
    this.close(disposed())
  }

  /** Ends the worker and rejects every pending call with this error. */
  close(error: SecondpassError): void {
    if (this.#closed) return
    this.#closed = error
    this.#worker.terminate()
    for (const { reject } of this.#pending.values()) reject(error)
  }

  #lose(error: WorkerLostError): void {
    const calls = [...this.#pending.values()]
    // If nothing had begun, any of the messages may have been what the worker could not take.
    const begun = calls.filter(({ started }) => started)
    for (const { reject } of begun.length > 0 ? begun : calls) reject(error.suspecting())
    this.close(error)
  }
}

const workerFailed = (message: string) => new SecondpassError('worker_failed', 500, message)

/** Workers of the pages' own making. */
const given = new WeakSet<Worker>()

function made(make: () => Worker): Worker {
  const worker = make()
  if (typeof (worker as Partial<Worker> | undefined)?.postMessage !== 'function') throw new Error('the function given as worker returned none')
  // Whether it still runs cannot be asked of it.
  if (given.has(worker)) throw new Error('the function given as worker returned the same one again; it must make a new one each time')
  given.add(worker)
  return worker
}

/** The folder in which models are stored, if one is named. */
export const folderOf = (cache: ModelOptions['cache']): string | URL | undefined =>
  typeof cache === 'object' && cache !== null ? (cache.folder ?? undefined) : undefined

const WORKER_SCRIPT = './worker.js'

/** The worker's address, if it is on another origin than the page: where the package comes from a CDN. Bundlers may write a file's address as `import.meta.url`. */
function foreignScript(worker: string | URL | undefined): string | undefined {
  const own = globalThis.location?.origin
  if (own === undefined || own === 'null') return undefined
  const { href, origin, protocol } = worker === undefined ? new URL(WORKER_SCRIPT, HERE) : new URL(worker, globalThis.location.href)
  return /^https?:$/.test(protocol) && origin !== own ? href : undefined
}

/** One for each script: a restart must find it too. */
const foreignStarts = new Map<string, string>()

/** Browsers start no worker from another origin, but one of the page's own may import from there. */
function startForeign(script: string): Worker {
  const start = foreignStarts.get(script) ?? URL.createObjectURL(new Blob([`import ${JSON.stringify(script)}`], { type: 'text/javascript' }))
  foreignStarts.set(script, start)
  return new Worker(start, { type: 'module' })
}

function startWorker(worker: ModelOptions['worker'], folder: string | URL | undefined): Worker {
  if (folder !== undefined && !hasFolders())
    throw invalidRequest("cache: a page has no folders; leave cache out, or use 'opfs' or 'cache-api'. { folder } is for Node, Deno and Bun")
  if (folder !== undefined && worker !== undefined) throw invalidRequest('cache: { folder } needs the package’s own worker; leave worker out')
  try {
    if (typeof worker === 'function') return made(worker)
    if (worker === undefined && (hasThreads() || folder !== undefined)) return startThread(new URL(THREAD_SCRIPT, HERE), folder)
    const foreign = foreignScript(worker)
    if (foreign !== undefined) return startForeign(foreign)
    // Bundlers find the worker by this very form, so it must not be pulled apart.
    if (worker === undefined) return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    return new Worker(worker, { type: 'module' })
  } catch (error) {
    throw workerFailed(`The worker could not be started: ${messageOf(error)}`)
  }
}
