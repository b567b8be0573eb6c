import type { RerankHandler } from './handler.js'
import { isHandover, type Reply } from './route-protocol.js'

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

async function answer(handler: RerankHandler, { url, method, headers, body }: MessageEvent['data'], port: MessagePort): Promise<void> {
  const reply = (message: Reply) => port.postMessage(message)
  const controller = new AbortController()
  port.onmessage = () => controller.abort()
  reply({ type: 'taken' })
  const response = await handler(new Request(url, { method, headers, signal: controller.signal, ...(method === 'POST' && { body }) }))
  reply({ type: 'answer', status: response.status, headers: [...response.headers], body: response.status === 204 ? null : await response.text() })
  port.close()
}
