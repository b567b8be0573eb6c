// The captions above the two lists of pictures, and what screen readers hear at the end of a search.
import { noModelCaption, waitingCaption } from '../captions.js'
import { plural } from '../dom.js'
import { spokenScore } from '../scores.js'

/** @import { Phase } from '../model.js' */
/** @import { Candidates } from './first-pass.js' */

/** Above the first list: how many items matched a keyword. @param {Candidates} candidates @param {boolean} hasQuery */
export function firstCaption({ items, hits, typed }, hasQuery) {
  const rest = items.length - hits
  if (!hasQuery) return 'Type to search.'
  if (!typed) return 'A picture has no keywords.'
  if (hits === 0) return `No keyword matches. ${plural(rest, 'candidate')} from the collection.`
  return `${plural(hits, 'keyword hit')}${rest > 0 ? `, filled up with ${plural(rest, 'other')}.` : '.'}`
}

/**
 * Above the second list: what the model is doing.
 *
 * @param {{ phase: Phase | undefined, error: string | undefined }} model
 * @param {{ done: number, all: number, running: boolean, hasQuery: boolean, automatic: boolean, likely: number }} search  `likely`: how many score well enough
 */
export function secondCaption({ phase, error }, { done, all, running, hasQuery, automatic, likely }) {
  const missing = noModelCaption(phase, error)
  if (missing !== undefined) return missing
  if (running) return `Reading ${Math.min(done + 1, all)} of ${all}…`
  if (done > 0 && likely === 0) return `${done} of ${all} read. Nothing here seems to match.`
  if (done > 0) return `${done} of ${all} read, best first${likely < done ? `: ${likely} likely` : ''}.`
  return waitingCaption({ hasQuery, automatic })
}

/** Announced at the end of a search. @param {number} documents @param {string} best @param {number} score */
export const spokenSummary = (documents, best, score) => `${plural(documents, 'candidate')} reranked. Best: ${best}, score ${spokenScore(score)}.`
