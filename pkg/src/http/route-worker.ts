import { readText } from '../read-text.js'
import type { Handover, Reply } from './route-protocol.js'
import { formatError } from './wire.js'

/** Options of {@link installRerankRoute}. */
export interface RouteOptions {
  /** Which requests are for the local model. Default: `POST` to this origin's paths that end in `/rerank`. */
  match?: (url: URL, request: Request) => boolean
  /** Longer bodies are refused with 413. Default 67,108,864. */
  maxBodyBytes?: number
}

// The part of a service worker's scope that is used; the DOM types lack it.
interface WindowClient {
  readonly id: string
  postMessage(message: unknown, transfer: Transferable[]): void
}
interface FetchEvent extends Event {
  readonly request: Request
  readonly clientId: string
  respondWith(response: Promise<Response>): void
}
interface ServiceWorkerScope extends EventTarget {
  readonly location: { readonly origin: string }
  readonly clients: { get(id: string): Promise<WindowClient | undefined>; matchAll(options: object): Promise<readonly WindowClient[]> }
}

const MAX_BODY_BYTES = 64 << 20
/** A page that serves the route replies at once, unless it is busy starting. */
const TAKEN_WITHIN_MS = 2000

/**
 * In a service worker: takes the requests for `/v1/rerank` and hands them to a page with `serveRerankRoute`, the one
 * that asks first. Any client of such servers then runs locally without a change. Call it while the script is evaluated. Returns a
 * function that removes it.
 *
 * ```ts
 * installRerankRoute()
 * installRerankRoute({ match: (url) => url.href === 'https://api.cohere.com/v2/rerank' })
 * ```
 */
export function installRerankRoute({ match, maxBodyBytes = MAX_BODY_BYTES }: RouteOptions = {}): () => void {
  const scope = globalThis as unknown as ServiceWorkerScope
  const wanted = match ?? ((url: URL, request: Request) => request.method === 'POST' && url.origin === scope.location.origin && /\/rerank$/.test(url.pathname))
  const serving = new Set<string>()
  const onFetch = (event: Event) => {
    const { request, clientId } = event as FetchEvent
    if (wanted(new URL(request.url), request)) (event as FetchEvent).respondWith(handOver(scope, serving, request, clientId, maxBodyBytes))
  }
  scope.addEventListener('fetch', onFetch)
  return () => scope.removeEventListener('fetch', onFetch)
}

async function handOver(scope: ServiceWorkerScope, serving: Set<string>, request: Request, clientId: string, limit: number): Promise<Response> {
  const body = request.method === 'POST' ? await readText(request, limit) : ''
  if (body === undefined) return failure(413, 'invalid_request', `The body is longer than ${limit} bytes.`)
  const handover: Handover = { type: 'secondpass:rerank', url: request.url, method: request.method, headers: [...request.headers], body }
  for (const client of await candidates(scope, serving, clientId)) {
    const response = await ask(client, handover, request.signal, () => serving.add(client.id))
    if (response) return response
    serving.delete(client.id)
  }
  return failure(503, 'no_page', 'No open page serves the rerank route.')
}

/** Pages that served before, then the one that asks, then all others: a page that does not serve costs a wait. */
async function candidates({ clients }: ServiceWorkerScope, serving: Set<string>, asking: string): Promise<WindowClient[]> {
  const first = asking ? await clients.get(asking) : undefined
  const others = await clients.matchAll({ type: 'window' })
  const all = [...(first ? [first] : []), ...others.filter((client) => client.id !== asking)]
  return [...all.filter((client) => serving.has(client.id)), ...all.filter((client) => !serving.has(client.id))]
}

/** Resolves to undefined if the page does not serve the route. */
function ask(client: WindowClient, handover: Handover, signal: AbortSignal, onTaken: () => void): Promise<Response | undefined> {
  const { port1: port, port2 } = new MessageChannel()
  return new Promise<Response | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), TAKEN_WITHIN_MS)
    signal.addEventListener(
      'abort',
      () => {
        port.postMessage({ type: 'abort' })
        resolve(failure(499, 'aborted', 'The client closed the request.'))
      },
      { once: true },
    )
    port.onmessage = ({ data }: MessageEvent<Reply>) => {
      clearTimeout(timer)
      if (data.type === 'taken') onTaken()
      if (data.type === 'answer') resolve(new Response(data.body, { status: data.status, headers: data.headers }))
    }
    // The page was closed during the request: the next one may serve it.
    port.addEventListener('close', () => resolve(undefined))
    client.postMessage(handover, [port2])
  }).finally(() => port.close())
}

const failure = (status: number, code: string, message: string) =>
  new Response(JSON.stringify(formatError(status, code, message)), { status, headers: { 'content-type': 'application/json' } })
