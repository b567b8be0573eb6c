// The part of a service worker's global scope that `sw.js` uses; TypeScript's own declarations of it exclude those of the DOM.

/** Loads a classic script. */
declare function importScripts(...urls: string[]): void

/** A file of the site: its path and the hash of its content. */
type PrecacheEntry = [path: string, hash: string]

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}

interface ServiceWorkerScope {
  /** Set by `precache.js`, which the build writes. */
  readonly PRECACHE: PrecacheEntry[]
  readonly registration: ServiceWorkerRegistration
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void
  addEventListener(type: 'message', listener: (event: MessageEvent<unknown>) => void): void
}
