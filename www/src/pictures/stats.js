// The figures of a finished search among pictures.
import { bytes, duration } from '../dom.js'
import { deviceName } from '../model.js'

/** @import { RerankerInfo } from '../../../pkg/src/index.js' */
/** @import { RunStats } from '../run.js' */

/** Terms and values. @param {RunStats} stats @param {RerankerInfo} info */
export const pictureRows = (stats, info) => [
  ['Device', deviceName(info)],
  ['Documents', String(stats.documents)],
  ['Tokens', stats.tokens.toLocaleString('en')],
  ['Tokens from cache', stats.cached.toLocaleString('en')],
  ['First score', duration(stats.first_ms ?? 0)],
  ['Total time', duration(stats.total_ms)],
  ['Weights in memory', bytes(info.weight_bytes)],
  ['Worker memory', bytes(info.wasm_bytes)],
]
