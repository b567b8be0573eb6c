// What a content security policy blocks: the browser says so in an event, beside an error that does not.

/** Longer than the time between a blocked request's error and the event. */
const EVENT_WITHIN_MS = 50
/** A page may be in violation all the time. */
const MAX_KEPT = 50

interface Violation {
  at: number
  directive: string
  blocked: string
}

type Listener = (sentence: string) => void

const kept: Violation[] = []
const listeners = new Set<Listener>()
let watching = false

/** Begins to listen, in a page or a worker. */
export function watchPolicy(): void {
  if (watching || typeof globalThis.addEventListener !== 'function') return
  watching = true
  globalThis.addEventListener('securitypolicyviolation', (event: Event) => {
    const { effectiveDirective, blockedURI, disposition } = event as SecurityPolicyViolationEvent
    if (disposition === 'report') return
    const violation = { at: performance.now(), directive: effectiveDirective, blocked: blockedURI }
    kept.push(violation)
    if (kept.length > MAX_KEPT) kept.shift()
    if (isOf(violation, 'connect-src')) for (const listener of listeners) listener(sentenceOf(violation))
  })
}

/** Whether something failed because of one of these directives since that time (of `performance.now()`): a sentence that says what to add. */
export async function policyBlock(since: number, ...directives: string[]): Promise<string | undefined> {
  if (!watching) return undefined
  await new Promise((done) => setTimeout(done, EVENT_WITHIN_MS))
  const violation = kept.find((one) => one.at >= since && directives.some((directive) => isOf(one, directive)))
  return violation && sentenceOf(violation)
}

/** Calls `listener` for each connection that is blocked from now on. Returns a function that ends it. */
export function onBlockedConnection(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** `script-src-elem` is a part of `script-src`. */
const isOf = ({ directive }: Violation, wanted: string): boolean => directive === wanted || directive.startsWith(`${wanted}-`)

function sentenceOf({ directive, blocked }: Violation): string {
  if (blocked === 'wasm-eval' || blocked === 'eval') {
    return `The content security policy does not allow WebAssembly: add 'wasm-unsafe-eval' to its script-src.`
  }
  return `The content security policy does not allow ${blocked || 'it'}: add ${sourceOf(blocked)} to its ${directive}.`
}

/** What a policy has to list for an address. */
function sourceOf(address: string): string {
  try {
    const { origin, protocol } = new URL(address)
    if (origin === globalThis.location?.origin) return "'self'"
    return origin === 'null' ? protocol : origin
  } catch {
    // Of such an address browsers name the scheme alone.
    return /^(blob|data)$/.test(address) ? `${address}:` : "'self'"
  }
}
