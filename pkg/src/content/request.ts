// The body of a request: what it may hold beside the query and the documents.
import { type Checks, check, checkFields, isObject, type UnknownNames } from '../checks.js'
import { invalidRequest, unreadable } from '../errors.js'
import type { RerankRequest } from '../types.js'
import { type ContentOf, documentList, type PictureReader, readDocuments, readQuery } from './schema.js'
import { wellFormed } from './text.js'
import type { Content } from './types.js'

/** A request that was read. */
export interface RequestOf<P> {
  query: ContentOf<P>
  documents: ContentOf<P>[]
  /** The documents as they were given, in a list of their own. */
  given: Content[]
  /** The fields that are set, without query and documents. */
  fields: Record<string, unknown>
}

export const REQUEST_CHECKS: Checks<RerankRequest> = {
  query: check.anything,
  documents: check.anything,
  instruction: check.text,
  model: check.text,
  top_n: check.top,
  return_documents: check.flag,
  raw_scores: check.flag,
  max_tokens_per_doc: check.limit,
  max_length: check.limit,
  fps: check.rate,
  max_frames: check.limit,
}

/** Reads a request; `unknown` says which other names are refused. All that is text becomes well-formed. */
export function readRequest<P>(request: unknown, picture: PictureReader<P>, unknown: UnknownNames): RequestOf<P> {
  if (!isObject(request)) throw invalidRequest('the request must be an object: rerank({ query, documents })')
  // Read once: a getter may give another value each time.
  const { query, documents, ...fields } = request
  const readableQuery = readQuery(query, picture)
  const given = documentList(documents)
  checkFields(fields, REQUEST_CHECKS, 'requests', unknown)
  return { query: readableQuery, documents: readDocuments(given, picture), given: given as Content[], fields: present(fields) }
}

/** A request as it is now: its owner may change it while it runs. What is no request stays as it is, for its reader to refuse. */
export function snapshot<Request>(request: Request, list: keyof Request & string): Request {
  if (!isObject(request)) return request
  try {
    const copy = { ...request }
    return Array.isArray(copy[list]) ? { ...copy, [list]: Array.from(copy[list]) } : copy
  } catch (error) {
    throw unreadable(error)
  }
}

/** The fields that have a value, all text well-formed. */
export function present(fields: Record<string, unknown>): Record<string, unknown> {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)
  return Object.fromEntries(set.map(([name, value]) => [name, asWellFormed(value)]))
}

const asWellFormed = (value: unknown) => (typeof value === 'string' ? wellFormed(value) : value)
