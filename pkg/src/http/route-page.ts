import { messageOf } from '../errors.js'
import type { RerankHandler } from './handler.js'
import { type Handover, isHandover, type Reply } from './route-protocol.js'
import { formatError } from './wire.js'

/** `Response` cannot be constructed with a lower one; `Response.error()` has 0. */
const MIN_STATUS = 200
/** Statuses with which a `Response` must not have a body. */
const NULL_BODY_STATUSES = new Set([204, 205, 304])

/**
 * In a page: answers the requests that `installRerankRoute` in the service worker hands over. Returns a function that stops it.
 *
 * ```ts
 * serveRerankRoute(createRerankHandler(() => Reranker.load({ model })))
 * ```
 */
export function serveRerankRoute(handler: RerankHandler): () => void {
  const container = navigator.serviceWorker
  const onMessage = (event: MessageEvent) => {
    const port = event.ports[0]
    if (isHandover(event.data) && port) void answer(handler, event.data, port)
  }
  container.addEventListener('message', onMessage)
  container.startMessages()
  return () => container.removeEventListener('message', onMessage)
}

async function answer(handler: RerankHandler, { url, method, headers, body }: Handover, port: MessagePort): Promise<void> {
  const reply = (message: Reply) => port.postMessage(message)
  const controller = new AbortController()
  // The client has gone, or the service worker no longer waits for this page.
  const stop = () => controller.abort(new DOMException('The client closed the request.', 'AbortError'))
  port.onmessage = stop
  port.addEventListener('close', stop)
  reply({ type: 'taken' })
  reply(await respond(handler, () => new Request(url, { method, headers, signal: controller.signal, ...(method === 'POST' && { body }) })))
  port.close()
}

/** Whatever the handler does, the client gets an answer: without one it would wait for ever. */
async function respond(handler: RerankHandler, request: () => Request): Promise<Reply> {
  try {
    const response = await handler(request())
    const { status } = response
    if (status < MIN_STATUS) return failed(502, 'bad_response', 'The handler returned an error response.')
    return { type: 'answer', status, headers: [...response.headers], body: NULL_BODY_STATUSES.has(status) ? null : await response.text() }
  } catch (error) {
    return failed(500, 'internal', `The handler failed: ${messageOf(error)}`)
  }
}

const failed = (status: number, code: string, message: string): Reply => ({
  type: 'answer',
  status,
  headers: [['content-type', 'application/json']],
  body: JSON.stringify(formatError(status, code, message)),
})
