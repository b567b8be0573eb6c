// Hits of several searches over the same documents, as vector databases give them to their rerankers.
import { isObject } from '../checks.js'
import type { HitData, HitPath } from './fields.js'

/** The hits of several searches: by names, those of vector fields for example, or one list after the other. */
export type HitLists<Hit> = readonly (readonly Hit[])[] | Readonly<Record<string, readonly Hit[]>>

/** How such rerankers are told what to read and how many to return. */
export interface PublishedHitsOptions<Hit> {
  /**
   * The field that is read, as zvec's reranker names it: like `text`, but hits in which it is empty are left out, and 10 are
   * returned unless `topn` says how many.
   */
  rerank_field?: HitPath<HitData<Hit>>
  /** The same as `top_n`. */
  topn?: number
}

/** All hits in their order, and whether they are of several searches. */
export interface GivenHits<Hit> {
  hits: readonly Hit[]
  several: boolean
}

/** Whether a value is a list, or lists by names. */
export const areHits = (given: unknown): boolean => Array.isArray(given) || (isObject(given) && Object.values(given).every(Array.isArray))

/** One list of the hits that were given. */
export function hitsOf<Hit>(given: readonly Hit[] | HitLists<Hit>): GivenHits<Hit> {
  const lists = Array.isArray(given) ? (given as readonly unknown[]) : Object.values(given)
  const several = !Array.isArray(given) || (lists.length > 0 && lists.every((list) => Array.isArray(list)))
  return { hits: (several ? lists.flat() : lists) as readonly Hit[], several }
}

/** How many are returned: all, if it is undefined. */
export const countOf = <Hit>({ top_n, topn, rerank_field }: PublishedHitsOptions<Hit> & { top_n?: number }): number | undefined =>
  top_n ?? topn ?? (rerank_field ? 10 : undefined)
