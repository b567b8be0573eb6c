// The figures below a finished search.
import { bytes, duration, el } from './dom.js'
import { deviceName } from './model.js'

/** @import { RunStats } from './run.js' */
/** @import { RerankerInfo } from '../../pkg/src/index.js' */

/** Terms and values for a `<dl>`. @param {RunStats} stats @param {RerankerInfo} info */
export function statsList(stats, info) {
  const rows = [
    ['Device', deviceName(info)],
    ['Documents', String(stats.documents)],
    ['Tokens', stats.tokens.toLocaleString('en')],
    ['Tokens from cache', stats.cached.toLocaleString('en')],
    ['First score', duration(stats.first_ms ?? 0)],
    ['Total time', duration(stats.total_ms)],
    ['Weights in memory', bytes(info.weight_bytes)],
    ['Worker memory', bytes(info.wasm_bytes)],
  ]
  return rows.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value)))
}
