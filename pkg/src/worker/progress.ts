import type { ProgressStep } from '../protocol.js'

/** Of each stage of each file, and of all together: several go on at the same time. */
const PROGRESS_INTERVAL_MS = 250
const ANY_PROGRESS_INTERVAL_MS = 100

/** A few events a second of each stage and file, and the last of each. They never go backwards. */
export function throttled(report: (event: ProgressStep) => void): (event: ProgressStep) => void {
  const reported = new Map<string, { at: number; loaded: number }>()
  let latest = -Infinity
  return (event) => {
    const key = event.stage + (event.file ?? '')
    const last = reported.get(key)
    const at = performance.now()
    // A load that starts over, because the file has changed, has nothing to report until it has caught up.
    const early = at - latest < ANY_PROGRESS_INTERVAL_MS || (last !== undefined && at - last.at < PROGRESS_INTERVAL_MS)
    if ((last && event.loaded <= last.loaded) || (event.loaded < event.total && early)) return
    reported.set(key, { at, loaded: event.loaded })
    latest = at
    report(event)
  }
}
