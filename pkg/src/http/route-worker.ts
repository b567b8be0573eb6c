import { messageOf } from '../errors.js'
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
 * So often it is looked whether both pages are still there: not every browser tells when the other end of a channel has gone, and
 * not every one (Chromium does not) tells a service worker of a request that its page has given up.
 */
const LOOK_EVERY_MS = 1000

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
    if (wanted(new URL(request.url), request)) (event as FetchEvent).respondWith(answered(() => handOver(scope, serving, request, clientId, maxBodyBytes)))
  }
  scope.addEventListener('fetch', onFetch)
  return () => scope.removeEventListener('fetch', onFetch)
}

/** Whatever happens, the client gets an answer. */
async function answered(work: () => Promise<Response>): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    return failure(500, 'internal', `The request could not be handed over: ${messageOf(error)}`)
  }
}

async function handOver(scope: ServiceWorkerScope, serving: Set<string>, request: Request, clientId: string, limit: number): Promise<Response> {
  const body = request.method === 'POST' ? await readText(request, limit) : ''
  if (body === undefined) return failure(413, 'invalid_request', `The body is longer than ${limit} bytes.`)
  const handover: Handover = { type: 'secondpass:rerank', url: request.url, method: request.method, headers: [...request.headers], body }
  for (const client of await candidates(scope, serving, clientId)) {
    if (request.signal.aborted) break
    const isAsking = async () => !clientId || (await scope.clients.get(clientId)) !== undefined
    const response = await ask(scope, client, handover, request.signal, isAsking, () => serving.add(client.id))
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

/** Resolves to undefined if the page does not serve the route, or was closed meanwhile: the next one may serve it. */
function ask(
  { clients }: ServiceWorkerScope,
  client: WindowClient,
  handover: Handover,
  signal: AbortSignal,
  isAsking: () => Promise<boolean>,
  onTaken: () => void,
): Promise<Response | undefined> {
  const { port1: port, port2 } = new MessageChannel()
  let [waiting, looking]: ReturnType<typeof setTimeout>[] = []
  const aborted = () => stop(failure(499, 'aborted', 'The client closed the request.'))
  let end: (response: Response | undefined) => void = () => {}
  const stop = (response?: Response) => {
    // A page that is late must not begin.
    port.postMessage({ type: 'abort' })
    end(response)
  }
  return new Promise<Response | undefined>((resolve) => {
    end = resolve
    waiting = setTimeout(stop, TAKEN_WITHIN_MS)
    signal.addEventListener('abort', aborted, { once: true })
    port.onmessage = ({ data }: MessageEvent<Reply>) => {
      clearTimeout(waiting)
      if (data.type === 'taken') onTaken()
      if (data.type === 'answer') resolve(responseOf(data))
    }
    port.addEventListener('close', () => resolve(undefined))
    const look = async () => {
      if (!(await isAsking())) return aborted()
      if (!(await clients.get(client.id))) return resolve(undefined)
      looking = setTimeout(look, LOOK_EVERY_MS)
    }
    looking = setTimeout(look, LOOK_EVERY_MS)
    client.postMessage(handover, [port2])
  }).finally(() => {
    clearTimeout(waiting)
    clearTimeout(looking)
    signal.removeEventListener('abort', aborted)
    port.close()
  })
}

/** A page may be of another version of this package. */
function responseOf({ body, status, headers }: Extract<Reply, { type: 'answer' }>): Response {
  try {
    return new Response(body, { status, headers })
  } catch (error) {
    return failure(502, 'bad_response', `The page's answer cannot be used: ${messageOf(error)}`)
  }
}

const failure = (status: number, code: string, message: string) =>
  new Response(JSON.stringify(formatError(status, code, message)), { status, headers: { 'content-type': 'application/json' } })
