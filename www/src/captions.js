// What both searches say of their second pass.

/** @import { Phase } from './model.js' */

/** Why there is no second pass, if there is none for lack of a model. @param {Phase | undefined} phase @param {string | undefined} error */
export function noModelCaption(phase, error) {
  if (phase === undefined || phase === 'loading') return 'The model is still loading. Until then results keep the keyword order.'
  if (phase === 'failed') return `There is no model, so results keep the keyword order. ${error}`
  return phase === 'none' ? 'No model is loaded. Results keep the keyword order.' : undefined
}

/** Before the second pass begins. @param {{ hasQuery: boolean, automatic: boolean }} search  `automatic`: it starts without pressing Enter */
export function waitingCaption({ hasQuery, automatic }) {
  if (!hasQuery) return 'Same order, until you search.'
  return automatic ? 'Waiting for a pause in your typing.' : 'Same order, until you press Enter.'
}

export const CANCELLED = 'Cancelled. What was scored so far is on top.'
