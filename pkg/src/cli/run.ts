// What every command is given: where it says how far it is, and the signal of Ctrl+C.
import type { ProgressLine } from './progress-line.js'

export interface CommandRun {
  signal: AbortSignal
  progress: ProgressLine
}
