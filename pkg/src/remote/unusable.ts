// Answers of a server that cannot be used.
import { SecondpassError } from '../errors.js'

/** The error for an answer of this defect. */
export const unusable = (why: string) => new SecondpassError('bad_response', 502, `The server’s answer cannot be used: ${why}.`)

/** What a server answered; `route` is what its address should be that of. */
export function parseJson(text: string, route: 'rerank' | 'embeddings'): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SecondpassError('bad_response', 502, `The server’s answer is no JSON. Is the address that of its ${route} route?`)
  }
}
