// Why a clip cannot be played. A player says only that it cannot, so the address and the first bytes are looked at.
import { SecondpassError } from '../entry/published.js'
import { policyBlock } from '../policy.js'
import { type Clip, clipName } from './clip-source.js'

/** As many first bytes tell a container: a transport stream by the length of its packets. */
const [HEAD_BYTES, PACKET_BYTES] = [189, 188]

/** A host that refused the player need not answer again. */
const LOOK_UP_MS = 10_000

/** What stands at the beginning of containers: its place, and the bytes as Latin-1. */
const CONTAINERS: [at: number, bytes: string][] = [
  [4, 'ftyp'],
  [4, 'moov'],
  [4, 'mdat'],
  [4, 'wide'],
  [0, '\x1aE\xdf\xa3'],
  [0, 'OggS'],
  [8, 'AVI '],
  [0, 'FLV'],
  [0, '0&\xb2u'],
  [0, '\0\0\x01\xba'],
]

/** The error for a clip that a player refused; `since` is the time of `performance.now()` at which it was asked to load it. */
export async function whyRefused(clip: Clip, since: number, signal: AbortSignal | undefined): Promise<Error> {
  const blocked = await policyBlock(since, 'media-src')
  if (blocked) return new SecondpassError('network', 503, `${clipName(clip)} could not be loaded. ${blocked}`)
  const head = clip instanceof Blob ? await headOfFile(clip) : await headOfAddress(String(clip), signal)
  return head instanceof Error ? head : unplayable(clipName(clip), head)
}

function unplayable(name: string, head: Uint8Array): Error {
  if (!isContainer(String.fromCharCode(...head))) {
    return new SecondpassError('bad_video', 422, `${name} is not a video: give a file that the browser plays, such as MP4 or WebM`)
  }
  return new SecondpassError(
    'unsupported_video',
    415,
    `${name} cannot be played here: this browser does not know its codec, or the file is damaged; give MP4 (H.264) or WebM`,
  )
}

const isContainer = (head: string): boolean =>
  CONTAINERS.some(([at, bytes]) => head.startsWith(bytes, at)) || (head.startsWith('G') && head.startsWith('G', PACKET_BYTES))

async function headOfFile(file: Blob): Promise<Uint8Array | Error> {
  try {
    return new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())
  } catch {
    return new SecondpassError('not_found', 404, `${clipName(file)} cannot be read any more: it was moved or changed after it was chosen; choose it again`)
  }
}

async function headOfAddress(address: string, signal: AbortSignal | undefined): Promise<Uint8Array | Error> {
  if (signal?.aborted) return signal.reason
  const waiting = new AbortController()
  const stop = () => waiting.abort()
  const timer = setTimeout(stop, LOOK_UP_MS)
  signal?.addEventListener('abort', stop)
  try {
    const head = await headWhile(waiting.signal, address)
    if (signal?.aborted) return signal.reason
    return waiting.signal.aborted ? unanswered(clipName(address)) : head
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}

async function headWhile(signal: AbortSignal, address: string): Promise<Uint8Array | Error> {
  const since = performance.now()
  const name = clipName(address)
  try {
    const response = await fetch(address, { signal })
    if (response.ok) return await firstBytes(response)
    await response.body?.cancel()
    const [code, status] = response.status === 404 || response.status === 410 ? (['not_found', 404] as const) : (['network', 503] as const)
    return new SecondpassError(code, status, `${name} gave HTTP ${response.status}`)
  } catch {
    const blocked = await policyBlock(since, 'connect-src')
    if (blocked) return new SecondpassError('network', 503, `${name} could not be loaded, and why cannot be looked up. ${blocked}`)
    if (await answers(address, signal)) return foreign(name)
    return new SecondpassError('network', 503, `${name} could not be reached; check the address and the connection`)
  }
}

const unanswered = (name: string): Error =>
  new SecondpassError(
    'network',
    503,
    `${name} could not be loaded, and its host has not answered the question why for ${LOOK_UP_MS / 1000} seconds; check the connection`,
  )

/** Whether there is a host at all, that only does not allow this page to read. */
async function answers(address: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(address, { mode: 'no-cors', signal })
    await response.body?.cancel()
    return true
  } catch {
    return false
  }
}

/** The error for a clip whose pixels this page may not read. */
export const foreign = (name: string): Error =>
  new SecondpassError(
    'cors',
    502,
    `${name} does not allow this page to read it: its host has to send Access-Control-Allow-Origin; or put the clip beside the page`,
  )

async function firstBytes({ body }: Response): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES)
  const reader = body?.getReader()
  for (let filled = 0; reader && filled < HEAD_BYTES; ) {
    const { value } = await reader.read()
    if (!value) break
    head.set(value.subarray(0, HEAD_BYTES - filled), filled)
    filled += value.length
  }
  await reader?.cancel()
  return head
}
