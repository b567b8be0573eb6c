// The messages between service worker and page: a service worker cannot start the worker that holds a model, so it hands requests
// to a page that has one.

/** What the service worker sends to a page, with a port for the answers. */
export interface Handover {
  type: 'secondpass:rerank'
  url: string
  method: string
  headers: [string, string][]
  body: string
}

/** What comes back through the port. `taken` is sent at once, so that another page is asked soon if this one does not serve the route. */
export type Reply = { type: 'taken' } | { type: 'answer'; status: number; headers: [string, string][]; body: string | null }

export const isHandover = (value: unknown): value is Handover => (value as Partial<Handover> | null)?.type === 'secondpass:rerank'
