// What a run has cost.
import { bytes, duration, el } from './dom.js'
import { deviceOf } from './model.js'

/** Terms and values for a `<dl>`. */
export function numbersList(numbers, info) {
  const rows = [
    ['Device', deviceOf(info)],
    ['Documents', `${numbers.documents}`],
    ['Tokens', numbers.tokens.toLocaleString('en')],
    ['Tokens from cache', numbers.cached.toLocaleString('en')],
    ['First score', duration(numbers.first_ms ?? 0)],
    ['Total time', duration(numbers.total_ms)],
    ['Weights in memory', bytes(info.weight_bytes)],
    ['Worker memory', bytes(info.wasm_bytes)],
  ]
  return rows.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value)))
}
