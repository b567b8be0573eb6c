// The captions above the two result lists, and what screen readers hear at the end of a search.
import { plural } from './dom.js'

/** @import { Candidates } from './first-pass.js' */
/** @import { Phase } from './model.js' */

/** Above the first list: how many items matched a keyword. @param {Candidates} candidates @param {boolean} hasQuery */
export function firstCaption({ items, hits, typed }, hasQuery) {
  const rest = items.length - hits
  if (!hasQuery) return 'Type to search.'
  if (!typed) return 'A picture has no keywords.'
  if (hits === 0) return `No keyword matches. ${plural(rest, 'candidate')} from the collection.`
  return `${plural(hits, 'keyword hit')}${rest > 0 ? `, filled up with ${plural(rest, 'other')}.` : '.'}`
}

/**
 * Above the second list: what the model is doing. `automatic`: the search starts without pressing Enter.
 *
 * @param {{ phase: Phase | undefined, error: string | undefined }} model
 * @param {{ done: number, all: number, running: boolean, hasQuery: boolean, automatic: boolean, likely: number }} search  `likely`: how many score well enough
 */
export function secondCaption({ phase, error }, { done, all, running, hasQuery, automatic, likely }) {
  if (phase === undefined || phase === 'loading') return 'The model is still loading. Until then results keep the keyword order.'
  if (phase === 'failed') return `There is no model, so results keep the keyword order. ${error}`
  if (phase === 'none') return 'No model is loaded. Results keep the keyword order.'
  if (running) return `Reading ${Math.min(done + 1, all)} of ${all}…`
  if (done > 0 && likely === 0) return `${done} of ${all} read. Nothing here seems to match.`
  if (done > 0) return `${done} of ${all} read, best first${likely < done ? `: ${likely} likely` : ''}.`
  if (!hasQuery) return 'Same order, until you search.'
  return automatic ? 'Waiting for a pause in your typing.' : 'Same order, until you press Enter.'
}

/** Announced at the end of a search. @param {number} documents @param {string} best @param {number} score */
export function spokenSummary(documents, best, score) {
  return `${plural(documents, 'candidate')} reranked. Best: ${best}, score ${score < 0.01 ? 'below 0.01' : score.toFixed(2)}.`
}
