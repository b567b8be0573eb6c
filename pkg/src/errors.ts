/** What went wrong, in a word; each has the HTTP status that a server would give. */
export type ErrorCode =
  | 'invalid_request'
  | 'not_found'
  | 'disposed'
  | 'invalid_config'
  | 'invalid_tokenizer'
  | 'invalid_weights'
  | 'missing_tensor'
  | 'unsupported_dtype'
  | 'internal'
  | 'device_lost'
  | 'out_of_memory'
  | 'worker_failed'
  | 'no_webgpu'
  | 'unsupported_model'
  | 'model_too_large'
  | 'bad_response'
  | 'network'
  | 'unauthorized'
  | 'rate_limited'
  | 'server_error'
  | 'cors'
  | 'file_changed'
  | 'integrity'
  | 'storage_full'
  | 'storage_failed'
  | 'image_unavailable'
  | 'empty_image'
  | 'unsupported_image'
  | 'corrupt_image'
  | 'image_too_large'
  | 'bad_aspect_ratio'
  | 'bad_video'
  | 'unsupported_video'

/** Every error of this package, except an abort, which is the signal's own reason (by default a DOMException named AbortError). */
export class SecondpassError extends Error {
  override readonly name = 'SecondpassError'
  /** What went wrong, in a word. */
  readonly code: ErrorCode
  /** The HTTP status that a server would give. */
  readonly status: number

  constructor(code: ErrorCode, status: number, message: string) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** A request that its caller has to change. */
export const invalidRequest = (message: string) => new SecondpassError('invalid_request', 400, `invalid request: ${message}`)

/** For calls to what its user has ended. */
export const disposed = () => new SecondpassError('disposed', 409, 'The reranker was disposed of.')

/** What a thrown value says; anything may be thrown. */
export function messageOf(error: unknown): string {
  try {
    return String((error as Error | null | undefined)?.message || error)
  } catch {
    return 'an error that cannot be read'
  }
}

/** For what a caller's object does while it is read: circular values, BigInt, getters that throw. */
export const unreadable = (error: unknown): SecondpassError =>
  error instanceof SecondpassError ? error : invalidRequest(`it could not be read (${messageOf(error)})`)

/** The worker ended, or lost its device, while a call was pending. The same call may succeed in another worker. */
export class WorkerLostError extends SecondpassError {
  /** Whether the call was being computed at that moment, and so may be the cause. */
  readonly suspect: boolean

  constructor(code: ErrorCode, status: number, message: string, suspect = false) {
    super(code, status, message)
    this.suspect = suspect
  }

  /** The same error for a call that may be its cause. */
  suspecting(): WorkerLostError {
    return new WorkerLostError(this.code, this.status, this.message, true)
  }
}

/** An error as it is posted from the worker: classes do not survive structured cloning. */
export interface ErrorMessage {
  name: string
  code?: string
  status?: number
  message: string
}

/** For posting to the page. */
export function serializeError(error: unknown): ErrorMessage {
  const e = error as Partial<ErrorMessage> | null
  if (e?.name === 'AbortError') return { name: 'AbortError', message: e.message ?? 'aborted' }
  if (e?.name === 'SecondpassError') return { name: e.name, code: e.code ?? 'internal', status: e.status ?? 500, message: e.message ?? '' }
  return { name: 'SecondpassError', code: 'internal', status: 500, message: `The worker failed: ${e?.message ?? String(error)}` }
}

/** The error that was posted; an abort becomes the signal's own reason. */
export function deserializeError(error: ErrorMessage, signal?: AbortSignal): unknown {
  if (error.name === 'AbortError') return signal?.reason ?? new DOMException(error.message, 'AbortError')
  return new SecondpassError((error.code ?? 'internal') as ErrorCode, error.status ?? 500, error.message)
}
