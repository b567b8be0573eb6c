// What stands above the two lists.
import { count } from './dom.js'

/** Above the first list: how many words matched. */
export function firstCaption({ items, hits, typed }, wanted) {
  const rest = items.length - hits
  if (!wanted) return 'Type to search.'
  if (!typed) return 'A picture has no keywords.'
  if (hits === 0) return `No keyword matches. ${count(rest, 'candidate')} from the collection.`
  return `${count(hits, 'keyword hit')}${rest > 0 ? `, filled up with ${count(rest, 'other')}.` : '.'}`
}

/** Above the second list: how far the model is. */
export function secondCaption({ phase, error }, { done, all, running, wanted, eager }) {
  // Nothing was heard of the model so far, or it is on its way.
  if (phase === undefined || phase === 'loading') return 'The model is still loading. Until then this is the first order.'
  if (phase === 'failed') return `There is no model, so this is the first order. ${error}`
  if (phase === 'none') return 'No model is loaded. This is the first order.'
  if (running) return `Reading ${Math.min(done + 1, all)} of ${all}…`
  if (done > 0) return `${done} of ${all} read, best first.`
  if (!wanted) return 'The same order, until you search.'
  return eager ? 'Waiting for a pause in your typing.' : 'The same order, until you press Enter.'
}
