// The request of a command: the body of an HTTP call in a file or on standard input, or made of arguments.
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Arguments } from './arguments.js'
import { SecondpassError } from './package.js'
import { UsageError } from './usage-error.js'

/** Far above any request: a limit on the memory that a wrong file or an endless pipe can take. */
const MAX_REQUEST_BYTES = 256 << 20

/** The JSON that `--request` names. Paths in it are relative to its file, as in the native command. */
export async function readRequestBody(args: Arguments, signal: AbortSignal): Promise<Record<string, unknown> | undefined> {
  const file = args.text('request')
  if (file === undefined) return undefined
  const name = file === '-' ? 'the request on standard input' : `the request ${file}`
  const text = await readAll(file, name, signal)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new SecondpassError('invalid_request', 400, `${name} is not JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SecondpassError('invalid_request', 400, `${name} must be a JSON object`)
  // Models and folders are absolute by now.
  if (file !== '-') process.chdir(dirname(file))
  return value as Record<string, unknown>
}

async function readAll(file: string, name: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    const stream = file === '-' ? process.stdin : (await open(file)).createReadStream()
    const stop = () => stream.destroy(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_REQUEST_BYTES) throw new Error(`it has more than ${MAX_REQUEST_BYTES} bytes`)
      chunks.push(chunk)
    }
    signal.removeEventListener('abort', stop)
  } catch (error) {
    signal.throwIfAborted()
    throw new UsageError(`${name} could not be read: ${(error as Error).message}; give a file, or - for standard input`)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}
