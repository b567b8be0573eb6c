// What differs between the requests that a pool computes: documents to score, inputs to turn into vectors.
import type { PackedRequest } from './attachments.js'

/** The answer to some documents of a request. Its own indexes are positions in `indexes`. */
export interface PortionAnswer<Response> {
  indexes: number[]
  response: Response
}

/** Progress and cancellation of a request of any kind. */
export interface RequestControl<Result> {
  signal?: AbortSignal
  onResult?: (result: Result) => void
  strict?: boolean
  /** Called when a worker begins with it. */
  onStart?: () => void
}

/** A request that is packed for workers. */
export interface Packing {
  packed: PackedRequest
  /** What was moved to a worker that is lost is packed anew. */
  again(): Promise<PackedRequest>
}

export interface RequestKind<Request, Response, Result extends { index: number }> {
  /** The message to the worker, and its call. */
  type: 'rerank' | 'embed'
  /** The field of the list that is cut into portions. */
  list: 'documents' | 'input'
  pack(request: Request): Promise<PackedRequest>
  /** An answer in which only what it says of failures counts. */
  failuresAlone(response: Response): Response
  /** The response to the request with these fields. `total_ms` is the time in which all of it was computed. */
  merge(answers: PortionAnswer<Response>[], fields: { top_n?: number }, total_ms: number): Response
  /** The response as its caller expects it. */
  finish(response: Response, request: Request): Response
  /** Only for types. */
  readonly result?: Result
}
