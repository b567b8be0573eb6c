// What a clip may be, and the address under which a player finds it.
import { hasCredentials, printable } from '../content/addresses.js'
import { invalidRequest } from '../errors.js'

/** A clip in a format that the browser plays: a file, or its address. */
export type Clip = Blob | string | URL

/** Checks what was given as a clip. */
export function checkClip(clip: unknown): Clip {
  if (clip instanceof Blob) {
    if (clip.size === 0) throw invalidRequest('the clip is empty: it has no bytes')
    return clip
  }
  if (!(clip instanceof URL) && (typeof clip !== 'string' || clip.trim() === '')) throw invalidRequest('a clip must be a Blob, a File or an address')
  const address = resolved(String(clip))
  if (hasCredentials(address)) throw invalidRequest('the address of a clip must hold no user name and no password')
  return address
}

function resolved(address: string): string {
  try {
    return new URL(address, document.baseURI).href
  } catch {
    throw invalidRequest(`the address of the clip, ${printable(address)}, is no address`)
  }
}

/** How messages name a clip. */
export const clipName = (clip: Clip): string => (clip instanceof Blob ? (clip as Partial<File>).name || 'the clip' : printable(String(clip)))

/** An address for a player, and what ends its use. */
export function addressFor(clip: Clip): { url: string; release: () => void } {
  if (!(clip instanceof Blob)) return { url: String(clip), release: () => {} }
  const url = URL.createObjectURL(clip)
  return { url, release: () => URL.revokeObjectURL(url) }
}
