// The worker that owns the device, the weights and the model. It computes one request at a time; aborts may arrive in between.

import type { Pixels } from './content/pictures.js'
import { type EngineModule, scriptAddress, startModule } from './engine-module.js'
import { SecondpassError, serializeError } from './errors.js'
import { onBlockedConnection, watchPolicy } from './policy.js'
import type { Build, FromWorker, PickedFiles, ProgressStep, ToWorker, WasmModules } from './protocol.js'
import type { RerankerInfo } from './types.js'
import { hasSubgroups, targetFor, watchDevices } from './worker/devices.js'
import { isExhausted, MemoryWatch } from './worker/memory.js'
import { PictureHost } from './worker/picture-host.js'
import { throttled } from './worker/progress.js'

type Message<Type extends ToWorker['type']> = Extract<ToWorker, { type: Type }>
type RequestMessage = Extract<ToWorker, { body: string }>

const scope = self as unknown as {
  postMessage(message: FromWorker): void
  addEventListener(type: 'error', listener: (event: ErrorEvent) => void): void
  addEventListener(type: 'unhandledrejection', listener: (event: PromiseRejectionEvent) => void): void
  onmessage: ((event: MessageEvent<ToWorker | null>) => void) | null
  onmessageerror: (() => void) | null
}
const send = (message: FromWorker) => scope.postMessage(message)
const aborts = new Map<number, AbortController>()
const drawings = new Map<number, (pixels: Pixels | null) => void>()
let nextDrawing = 1
let engine: InstanceType<EngineModule['glue']['Engine']> | undefined
let memory: WebAssembly.Memory | undefined
let moduleAddress: string | undefined
let queue: Promise<void> = Promise.resolve()

scope.onmessage = ({ data }) => {
  // What a browser could not deserialize arrives as null.
  if (!data) return unreadable()
  if (data.type === 'abort') return aborts.get(data.id)?.abort()
  if (data.type === 'drawn') return drawings.get(data.drawing)?.(data.pixels)
  const controller = new AbortController()
  aborts.set(data.id, controller)
  const work = async () => {
    send({ type: 'started', id: data.id })
    try {
      await run(data, controller.signal)
    } catch (error) {
      send({ type: 'failed', id: data.id, error: serializeError(error) })
    } finally {
      aborts.delete(data.id)
    }
  }
  // Work on storage need not wait for what computes.
  if (data.type === 'store' || data.type === 'cache') void work()
  else queue = queue.then(work)
}
scope.onmessageerror = unreadable
scope.addEventListener('error', (event) => {
  event.preventDefault()
  crashed(event.message)
})
scope.addEventListener('unhandledrejection', ({ reason }) => {
  // A trap in a promise's callback.
  if (reason instanceof WebAssembly.RuntimeError) crashed(reason.message)
})
watchPolicy()
watchDevices(send)
send({ type: 'ready' })

function unreadable(): void {
  send({ type: 'lost', code: 'internal', message: 'The worker could not read a message.' })
}

/** A panic of the engine leaves its promise pending for ever, so the page has to start another worker. */
function crashed(message: string): void {
  if (memory && isExhausted(memory)) return send({ type: 'lost', code: 'out_of_memory', message: `The worker has no memory left (${message}).` })
  send({ type: 'lost', code: 'internal', message: `The worker crashed (${message}). This is a defect of secondpass: please report it.` })
}

function run(data: Exclude<ToWorker, { type: 'abort' | 'drawn' }>, signal: AbortSignal): Promise<void> {
  switch (data.type) {
    case 'load':
      return load(data, signal)
    case 'add':
      return add(data, signal)
    case 'store':
      return store(data, signal)
    case 'cache':
      return cache(data)
    case 'rerank':
    case 'embed':
      return compute(data, signal)
  }
}

const ignore = () => {}

async function start(id: number, build: Build, modules: WasmModules, report: (step: ProgressStep) => void = ignore): Promise<EngineModule> {
  const started = await startModule(build, modules, report)
  memory = started.memory
  if (started.compiled) send({ type: 'compiled', id, ...started.compiled })
  return started
}

/** What the engine asks of the page for a load. */
class LoadHost {
  constructor(
    readonly id: number,
    readonly picked: PickedFiles,
  ) {}

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

async function load({ id, device, known, options, picked, wasm }: Message<'load'>, signal: AbortSignal): Promise<void> {
  const target = await targetFor(device, known)
  const report = throttled((event) => send({ type: 'progress', id, event }))
  const { glue, address } = await start(id, target.build, wasm, report)
  const json = JSON.stringify({ ...JSON.parse(options), device: target.device })
  engine = await untilBlocked(signal, (signal) => glue.Engine.load(json, new LoadHost(id, picked), signal, (step) => report(JSON.parse(step))))
  moduleAddress = address
  send({ type: 'loaded', id, info: infoFor(options), adapter: target.adapter })
}

/** Loads the model for its other task too, with the trunk that is here. */
async function add({ id, options, picked }: Message<'add'>, signal: AbortSignal): Promise<void> {
  const loaded = engine
  if (!loaded) throw new Error('nothing is loaded')
  const report = throttled((event) => send({ type: 'progress', id, event }))
  const added = await untilBlocked(signal, (signal) => loaded.add(options, new LoadHost(id, picked), signal, (step) => report(JSON.parse(step))))
  send({ type: 'loaded', id, info: added ? infoFor(options) : null })
}

/** What is loaded for the task of these options. */
function infoFor(options: string): RerankerInfo {
  const info = JSON.parse(engine?.info(JSON.parse(options).task === 'embed') ?? '')
  return { ...info, wasm_bytes: memory?.buffer.byteLength ?? 0, files: [scriptAddress(), moduleAddress] }
}

async function store({ id, options, picked, wasm }: Message<'store'>, signal: AbortSignal): Promise<void> {
  const report = throttled((event) => send({ type: 'progress', id, event }))
  const { glue } = await start(id, 'cpu', wasm, report)
  const response = await untilBlocked(signal, (signal) => glue.cache_add(options, new LoadHost(id, picked), signal, (step) => report(JSON.parse(step))))
  send({ type: 'done', id, response })
}

/** Ends a download as soon as the page's policy blocks one of its connections: to try again would not help. */
async function untilBlocked<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = () => controller.abort(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  let blocked: string | undefined
  const end = onBlockedConnection((sentence) => {
    blocked ??= sentence
    controller.abort()
  })
  try {
    return await work(controller.signal)
  } catch (error) {
    throw blocked === undefined ? error : new SecondpassError('network', 503, `The model could not be read. ${blocked}`)
  } finally {
    end()
    signal.removeEventListener('abort', stop)
  }
}

async function cache({ id, action, url, wasm }: Message<'cache'>): Promise<void> {
  const { cache_delete, cache_list, cache_verify } = (await start(id, 'cpu', wasm)).glue
  const response = action === 'list' ? await cache_list() : action === 'verify' ? await cache_verify(url ?? '') : String(await cache_delete(url ?? undefined))
  send({ type: 'done', id, response })
}

async function compute({ type, id, body, strict, attachments }: RequestMessage, signal: AbortSignal): Promise<void> {
  if (!engine || !memory) throw new Error('nothing is loaded')
  const watch = new MemoryWatch(memory)
  const host = new PictureHost(attachments, signal, watch, (bytes) => drawOnPage(id, bytes, signal))
  const computing =
    type === 'rerank'
      ? engine.rerank(body, strict, host, signal, (json) => send({ type: 'result', id, result: JSON.parse(json) }))
      : engine.embed(body, strict, host, signal, (index, embedding) => send({ type: 'result', id, result: { index, embedding } }))
  const response = await computing.finally(() => send({ type: 'memory', bytes: watch.bytes, pictures: watch.grownByPictures }))
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
