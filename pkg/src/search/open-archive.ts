// Where an exported index comes from: an address, a file, or bytes.
import { SecondpassError } from './main-entry.js'

/** The bytes as they arrive, and how many there are if that is known. */
export async function openArchive(
  source: string | URL | Blob | BufferSource,
  signal: AbortSignal | undefined,
): Promise<{ stream: ReadableStream<Uint8Array>; total: number }> {
  signal?.throwIfAborted()
  if (typeof source !== 'string' && !(source instanceof URL)) {
    const blob = source instanceof Blob ? source : new Blob([source])
    return { stream: blob.stream(), total: blob.size }
  }
  let response: Response
  try {
    response = await fetch(source, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw new SecondpassError('network', 503, `The exported index at ${source} could not be fetched: ${(error as Error).message}`)
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel()
    const code = response.status === 404 ? 'not_found' : 'server_error'
    throw new SecondpassError(code, response.status, `The exported index at ${source} could not be fetched: its host answered ${response.status}.`)
  }
  return { stream: response.body.pipeThrough(networkErrors(source, signal)), total: Number(response.headers.get('content-length')) || 0 }
}

/** A connection that breaks in the middle gets an error of this package. */
function networkErrors(source: string | URL, signal: AbortSignal | undefined): ReadableWritablePair<Uint8Array, Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array>()
  const writer = writable.getWriter()
  return {
    readable,
    writable: new WritableStream({
      write: (chunk) => writer.write(chunk),
      close: () => writer.close(),
      abort: (error: Error) =>
        writer.abort(signal?.aborted ? signal.reason : new SecondpassError('network', 503, `The download of ${source} broke off: ${error.message}`)),
    }),
  }
}
