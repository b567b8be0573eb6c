// The worker that owns the device, the weights and the model. One piece of work at a time; an abort may come between.
import init, { Engine } from './wasm/secondpass.js'
import { toWire } from './errors.js'
import type { FromWorker, ToWorker } from './protocol.js'
import { PictureHost, type Pixels } from './pictures.js'
import type { ProgressEvent } from './types.js'

const PROGRESS_INTERVAL_MS = 100

const scope = self as unknown as { postMessage(message: FromWorker): void; onmessage: ((event: MessageEvent<ToWorker>) => void) | null }
const send = (message: FromWorker) => scope.postMessage(message)
const aborts = new Map<number, AbortController>()
const drawings = new Map<number, (pixels: Pixels | null) => void>()
let nextDrawing = 1
let engine: Engine | undefined
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
  queue = queue.then(async () => {
    try {
      await (data.type === 'load' ? load(data, controller.signal) : rerank(data, controller.signal))
    } catch (error) {
      send({ type: 'failed', id: data.id, error: toWire(error) })
    } finally {
      aborts.delete(data.id)
    }
  })
}
send({ type: 'ready' })

async function load({ id, options, wasmUrl }: Extract<ToWorker, { type: 'load' }>, signal: AbortSignal): Promise<void> {
  try {
    await init({ module_or_path: wasmUrl ?? new URL('./wasm/secondpass_bg.wasm', import.meta.url) })
  } catch (error) {
    throw { name: 'SecondpassError', code: 'worker_failed', status: 500, message: `secondpass_bg.wasm could not be loaded (${(error as Error).message}). Serve it beside the package, or give its address as wasmUrl.` }
  }
  engine = await Engine.load(options, signal, throttled((event) => send({ type: 'progress', id, event })))
  send({ type: 'loaded', id, info: JSON.parse(engine.info()) })
}

async function rerank({ id, body, strict, attachments }: Extract<ToWorker, { type: 'rerank' }>, signal: AbortSignal): Promise<void> {
  if (!engine) throw new Error('nothing is loaded')
  const host = new PictureHost(attachments, signal, (bytes) => drawOnPage(id, bytes, signal))
  const response = await engine.rerank(body, strict, host, signal, (json: string) => send({ type: 'result', id, result: JSON.parse(json) }))
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

/** At most ten events a second, and the last of every stage and file. */
function throttled(report: (event: ProgressEvent) => void): (json: string) => void {
  let last = -Infinity
  let key = ''
  return (json) => {
    const event = JSON.parse(json) as ProgressEvent
    const now = performance.now()
    const of = event.stage + (event.file ?? '')
    if (of === key && event.loaded < event.total && now - last < PROGRESS_INTERVAL_MS) return
    key = of
    last = now
    report(event)
  }
}
