// An exported index that is named on the command line: a file, or its URL. No more of it is read than one can have.
import { openAsBlob } from 'node:fs'
import { stat } from 'node:fs/promises'
import { damagedArchive } from '../search/archive.js'
import { MAX_ARCHIVE_BYTES } from '../search/limits.js'
import { SecondpassError } from './package.js'
import { UsageError } from './usage-error.js'

export async function readArchive(source: string, signal: AbortSignal): Promise<Blob> {
  return /^https?:/i.test(source) ? fetchArchive(source, signal) : openArchiveFile(source)
}

async function openArchiveFile(path: string): Promise<Blob> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw new UsageError(`there is no file "${path}"; secondpass index makes one`)
  if (found.size > MAX_ARCHIVE_BYTES) throw tooLong()
  return openAsBlob(path)
}

async function fetchArchive(address: string, signal: AbortSignal): Promise<Blob> {
  try {
    const response = await fetch(address, { signal })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`its host answered ${response.status}`)
    }
    return await bodyOf(response)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof SecondpassError) throw error
    const { message, cause } = error as Error
    throw new SecondpassError('network', 503, `The index at ${address} could not be fetched: ${(cause as Error | undefined)?.message ?? message}`)
  }
}

async function bodyOf({ body }: Response): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  // Leaving the loop ends the connection.
  for await (const chunk of (body ?? []) as unknown as AsyncIterable<Uint8Array<ArrayBuffer>>) {
    size += chunk.length
    if (size > MAX_ARCHIVE_BYTES) throw tooLong()
    chunks.push(chunk)
  }
  return new Blob(chunks)
}

const tooLong = () => damagedArchive(`it has more than ${MAX_ARCHIVE_BYTES} bytes`)
