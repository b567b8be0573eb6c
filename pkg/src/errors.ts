/** What went wrong, in a word; each has the HTTP status that a server would give. */
export type ErrorCode =
  | 'invalid_request' | 'not_found' | 'disposed' | 'invalid_config' | 'invalid_tokenizer' | 'invalid_weights' | 'missing_tensor'
  | 'unsupported_dtype' | 'internal' | 'device_lost' | 'out_of_memory' | 'worker_failed' | 'no_webgpu' | 'unsupported_model' | 'bad_response' | 'network'
  | 'unauthorized' | 'rate_limited' | 'server_error'
  | 'cors' | 'file_changed' | 'integrity' | 'storage_full' | 'storage_failed'
  | 'image_unavailable' | 'empty_image' | 'unsupported_image' | 'corrupt_image' | 'image_too_large' | 'bad_aspect_ratio' | 'bad_video'

/** Every error of this package, but for an abort, which is the signal's own reason (by default a DOMException named AbortError). */
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

/** An error as it travels from the worker. */
export interface WireError {
  name: string
  code?: string
  status?: number
  message: string
}

export function toWire(error: unknown): WireError {
  const e = error as Partial<WireError> | null
  if (e?.name === 'AbortError') return { name: 'AbortError', message: e.message ?? 'aborted' }
  if (e?.name === 'SecondpassError') return { name: e.name, code: e.code ?? 'internal', status: e.status ?? 500, message: e.message ?? '' }
  return { name: 'SecondpassError', code: 'internal', status: 500, message: `The worker failed: ${e?.message ?? String(error)}` }
}

export function fromWire(error: WireError, signal?: AbortSignal): unknown {
  if (error.name === 'AbortError') return signal?.reason ?? new DOMException(error.message, 'AbortError')
  return new SecondpassError((error.code ?? 'internal') as ErrorCode, error.status ?? 500, error.message)
}
