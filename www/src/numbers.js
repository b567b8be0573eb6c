// What a run has cost.
import { bytes, duration, el } from './dom.js'
import { deviceOf } from './model.js'

/** Terms and values for a `<dl>`. */
export function numbersList(numbers, info) {
  const rows = [
    ['Device', deviceOf(info)],
    ['Read', `${numbers.documents}`],
    ['Tokens', numbers.tokens.toLocaleString('en')],
    ['Of these cached', numbers.cached.toLocaleString('en')],
    ['First score', duration(numbers.first_ms ?? 0)],
    ['All', duration(numbers.total_ms)],
    ['Weights in memory', bytes(info.weight_bytes)],
  ]
  // Only some browsers tell, and only of the page's own heap, without the worker.
  const heap = performance.memory?.usedJSHeapSize
  if (heap) rows.push(['Page heap', bytes(heap)])
  return rows.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value)))
}
