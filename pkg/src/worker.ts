// The worker that owns the device, the weights and the model. One piece of work at a time; an abort may come between.
import init, { Engine, cache_add, cache_delete, cache_list, cache_verify } from './wasm/secondpass.js'
import { hasSubgroups, watchDevices } from './device.js'
import { toWire } from './errors.js'
import type { FromWorker, Picked, ToWorker, Wasm } from './protocol.js'
import { PictureHost, type Pixels } from './pictures.js'
import type { ProgressEvent } from './types.js'

/** Of each stage of each file, and of all together: several go on at the same time. */
const PROGRESS_INTERVAL_MS = 250
const ANY_PROGRESS_INTERVAL_MS = 100

const scope = self as unknown as { postMessage(message: FromWorker): void; onmessage: ((event: MessageEvent<ToWorker>) => void) | null }
const send = (message: FromWorker) => scope.postMessage(message)
const aborts = new Map<number, AbortController>()
const drawings = new Map<number, (pixels: Pixels | null) => void>()
let nextDrawing = 1
let engine: Engine | undefined
let starting: ReturnType<typeof init> | undefined
let memory: WebAssembly.Memory | undefined
let queue: Promise<void> = Promise.resolve()

scope.onmessage = ({ data }) => {
  if (data.type === 'abort') {
    aborts.get(data.id)?.abort()
    return
  }
  if (data.type === 'drawn') {
    drawings.get(data.drawing)?.(data.pixels)
    return
  }
  const controller = new AbortController()
  aborts.set(data.id, controller)
  const work = async () => {
    try {
      await run(data, controller.signal)
    } catch (error) {
      send({ type: 'failed', id: data.id, error: toWire(error) })
    } finally {
      aborts.delete(data.id)
    }
  }
  // What only concerns storage need not wait for what computes.
  if (data.type === 'store' || data.type === 'cache') void work()
  else queue = queue.then(work)
}
watchDevices(send)
send({ type: 'ready' })

function run(data: Exclude<ToWorker, { type: 'abort' | 'drawn' }>, signal: AbortSignal): Promise<void> {
  switch (data.type) {
    case 'load':
      return load(data, signal)
    case 'store':
      return store(data, signal)
    case 'cache':
      return cache(data)
    case 'rerank':
      return rerank(data, signal)
  }
}

async function start(id: number, wasm: Wasm): Promise<void> {
  try {
    starting ??= init({ module_or_path: wasm ?? new URL('./wasm/secondpass_bg.wasm', import.meta.url) })
    memory = (await starting).memory
  } catch (error) {
    starting = undefined
    throw { name: 'SecondpassError', code: 'worker_failed', status: 500, message: `secondpass_bg.wasm could not be loaded (${(error as Error).message}). Serve it beside the package, or give its address as wasmUrl.` }
  }
  const module = init.__wbindgen_wasm_module
  if (module && module !== wasm) send({ type: 'compiled', id, module })
}

/** What the engine asks of the page for a load. */
class LoadHost {
  constructor(readonly id: number, readonly picked: Picked) {}

  get model(): Blob | undefined {
    return this.picked.model
  }

  get vision(): Blob | undefined {
    return this.picked.vision
  }

  get subgroups(): boolean {
    return hasSubgroups()
  }

  persist(): void {
    send({ type: 'persist', id: this.id })
  }
}

async function load({ id, options, picked, wasm }: Extract<ToWorker, { type: 'load' }>, signal: AbortSignal): Promise<void> {
  await start(id, wasm)
  engine = await Engine.load(options, new LoadHost(id, picked), signal, throttled((event) => send({ type: 'progress', id, event })))
  send({ type: 'loaded', id, info: { ...JSON.parse(engine.info()), wasm_bytes: memory?.buffer.byteLength ?? 0 } })
}

async function store({ id, options, picked, wasm }: Extract<ToWorker, { type: 'store' }>, signal: AbortSignal): Promise<void> {
  await start(id, wasm)
  const response = await cache_add(options, new LoadHost(id, picked), signal, throttled((event) => send({ type: 'progress', id, event })))
  send({ type: 'done', id, response })
}

async function cache({ id, what, url, wasm }: Extract<ToWorker, { type: 'cache' }>): Promise<void> {
  await start(id, wasm)
  const response = what === 'list' ? await cache_list() : what === 'verify' ? await cache_verify(url ?? '') : String(await cache_delete(url ?? undefined))
  send({ type: 'done', id, response })
}

async function rerank({ id, body, strict, attachments }: Extract<ToWorker, { type: 'rerank' }>, signal: AbortSignal): Promise<void> {
  if (!engine) throw new Error('nothing is loaded')
  const host = new PictureHost(attachments, signal, (bytes) => drawOnPage(id, bytes, signal))
  const response = await engine.rerank(body, strict, host, signal, (json: string) => send({ type: 'result', id, result: JSON.parse(json) }))
  send({ type: 'memory', bytes: memory?.buffer.byteLength ?? 0 })
  send({ type: 'done', id, response })
}

/** A worker cannot draw SVG; the page can. */
function drawOnPage(id: number, bytes: ArrayBuffer, signal: AbortSignal): Promise<Pixels> {
  const drawing = nextDrawing++
  return new Promise<Pixels>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    drawings.set(drawing, (pixels) => (pixels ? resolve(pixels) : reject(new Error('it could not be drawn'))))
    send({ type: 'draw', id, drawing, bytes })
  }).finally(() => drawings.delete(drawing))
}

/** A few events a second of each stage and file, and the last of each. They never go backwards. */
function throttled(report: (event: ProgressEvent) => void): (json: string) => void {
  const told = new Map<string, { at: number; loaded: number }>()
  let latest = -Infinity
  return (json) => {
    const event = JSON.parse(json) as ProgressEvent
    const key = event.stage + (event.file ?? '')
    const last = told.get(key)
    const at = performance.now()
    // Where a load begins again, as it does when the file has changed, there is nothing to tell until it has caught up.
    const early = at - latest < ANY_PROGRESS_INTERVAL_MS || (last !== undefined && at - last.at < PROGRESS_INTERVAL_MS)
    if ((last && event.loaded <= last.loaded) || (event.loaded < event.total && early)) return
    told.set(key, { at, loaded: event.loaded })
    latest = at
    report(event)
  }
}
