// What a load is doing, for display.

/** @import { ProgressEvent } from '../../pkg/src/index.js' */

/** The current step of a load. @param {ProgressEvent} [progress] */
export function stepOf(progress) {
  return progress ? `${progress.overall.label}…` : 'Starting…'
}
