// What this entry uses of the main one. That is imported, not bundled, so that a page has one class of errors.
import { rerankHits, SecondpassError } from '../index.js'

/** A request that its caller has to change. */
export const badRequest = (message: string) => new SecondpassError('invalid_request', 400, `invalid request: ${message}`)

export { rerankHits, SecondpassError }
