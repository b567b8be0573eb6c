// Addresses as they are resolved, and as they are printed.
import { folderOfProcess } from '../node/thread.js'
import { wellFormed } from './text.js'

/** Resolved against the page's address, or in Node the folder of the process, for a worker has another base. What is no URL stays as it is, so that its reader can say so. */
export function absoluteUrl(url: string | URL): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href ?? folderOfProcess()).href
  } catch {
    return wellFormed(String(url))
  }
}

/** `hf:owner/name[@revision][/path]`, without parts that lead elsewhere. */
const HUB_ADDRESS = /^hf:(?!.*[:/@]\.\.?(?:[/@]|$))([\w.%-]+)\/([\w.%-]+)(?:@([\w.%-]+))?(?:\/([\w.%/-]*))?$/

/** The URL of an address that begins with `hf:` on another hub than the engine's own; what is none stays as it is, so that its reader can say so. */
export function onHub(address: string, hub: string | URL): string {
  const [, owner, name, revision = 'main', path = ''] = HUB_ADDRESS.exec(address) ?? []
  if (owner === undefined) return address
  let base = absoluteUrl(hub)
  while (base.endsWith('/')) base = base.slice(0, -1)
  return `${base}/${owner}/${name}/resolve/${revision}/${path}`
}

/** Whether an address holds a user name or a password. */
export function hasCredentials(url: string): boolean {
  const { username, password } = parsed(url) ?? {}
  return Boolean(username || password)
}

/** The longest address that is printed. */
const MAX_PRINTED = 200

/** An address for messages: without what may be secret, its user, its query and its fragment. */
export function printable(url: string): string {
  const { protocol, host, pathname } = parsed(url) ?? {}
  if (protocol === 'data:') return 'a data: URL'
  const text = host ? `${protocol}//${host}${pathname}` : (pathname ?? url)
  return text.length > MAX_PRINTED ? `${text.slice(0, MAX_PRINTED)}…` : text
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}
