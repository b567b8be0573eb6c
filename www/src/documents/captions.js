// The captions above the two lists of passages.
import { noModelCaption, waitingCaption } from '../captions.js'
import { plural } from '../dom.js'
import { spokenScore } from '../scores.js'

/** @import { Phase } from '../model.js' */

/** Above the first list. @param {{ isOpen: boolean, hasQuery: boolean, found: number }} search */
export function firstCaption({ isOpen, hasQuery, found }) {
  if (!isOpen) return 'The index is loading…'
  if (!hasQuery) return 'Type to search.'
  return found === 0 ? 'No keyword matches.' : `The best ${found} by keywords.`
}

/**
 * Above the second list.
 *
 * @param {{ phase: Phase | undefined, error: string | undefined }} model
 * @param {{ hasQuery: boolean, running: boolean, settled: boolean, answered: boolean, read: number, found: number, best: number, hasVectors: boolean, automatic: boolean }} search
 */
export function secondCaption({ phase, error }, { hasQuery, running, settled, answered, read, found, best, hasVectors, automatic }) {
  const missing = hasQuery || phase === 'failed' || phase === 'none' ? noModelCaption(phase, error) : undefined
  if (missing !== undefined) return missing
  if (running) return read > 0 ? `Reading: ${read} of ${found}…` : `Reading ${plural(found, 'passage')}…`
  if (settled && found === 0) return 'Nothing was found.'
  if (!answered) return `Nothing here seems to answer this: the best score is ${spokenScore(best)}.`
  if (settled) return `${read} read, best first${hasVectors ? ', from keywords and vectors' : ''}.`
  return waitingCaption({ hasQuery, automatic })
}
