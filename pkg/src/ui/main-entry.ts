// What the framework entries use of the main one. That is imported, not bundled, so that a page has one engine and one class of errors.
import { Embedder, Reranker, SecondpassError } from '../index.js'

/** Arguments that their caller has to change. */
export const wrongArgument = (message: string) => new SecondpassError('invalid_request', 400, `invalid request: ${message}`)

export { Embedder, Reranker }
