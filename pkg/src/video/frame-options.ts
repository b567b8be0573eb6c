// Which frames of a clip are taken, and how large they become.
import { guarded } from '../callbacks.js'
import { type Checks, check, checkFields, isObject } from '../checks.js'
import { MAX_DOCUMENTS } from '../content/limits.js'
import { MAX_PIXELS } from '../content/pictures.js'
import { invalidRequest } from '../errors.js'

/** A picture of a clip. It can be given as a document; `image` can be a frame of a document's video. */
export interface ClipFrame {
  /** Its pixels. */
  image: ImageData
  /** Where in the clip it is shown, in seconds. */
  time: number
}

/** How far the taking of frames is. */
export interface FramesProgress {
  /** Frames that have been taken. */
  taken: number
  /** How many there will be. */
  of: number
  /** The time of the last one, in seconds. */
  time: number
}

/** Options of {@link framesOf}. */
export interface FramesOptions {
  /** Frames a second. Default 1. */
  fps?: number
  /** Where to begin, in seconds. Default 0. */
  from?: number
  /** Where to end, in seconds. Default the clip's end. */
  to?: number
  /** The most frames; where `fps` would give more they are further apart, over the whole range. Default 60, at most 1,000. */
  most?: number
  /** The most pixels of a frame: a larger one is scaled down. Default 262,144, which is 512 × 512. */
  maxPixels?: number
  /** Ends the work, and rejects with its reason. */
  signal?: AbortSignal
  /** Called for each frame. */
  onProgress?: (progress: FramesProgress) => void
}

/** The options with their defaults. */
export interface FramePlan {
  fps: number
  from: number
  to: number
  most: number
  maxPixels: number
  signal: AbortSignal | undefined
  onProgress: (progress: FramesProgress) => void
}

const [DEFAULT_FPS, DEFAULT_MOST, DEFAULT_PIXELS] = [1, 60, 2 ** 18]

const FRAME_CHECKS: Checks<FramesOptions> = {
  fps: check.rate,
  from: (value) => (Number.isFinite(value) ? check.amount(value) : 'a number of seconds, 0 or more'),
  to: check.amount,
  most: upTo(MAX_DOCUMENTS),
  maxPixels: upTo(MAX_PIXELS),
  signal: check.signal,
  onProgress: check.callback,
}

function upTo(most: number) {
  return (value: unknown) => check.count(value) ?? ((value as number) > most ? `at most ${most}` : undefined)
}

/** Checks the options of a call. */
export function planOf(options: FramesOptions): FramePlan {
  if (!isObject(options)) throw invalidRequest('the options of framesOf must be an object')
  checkFields(options, FRAME_CHECKS, 'options of framesOf')
  const { fps, from, to, most, maxPixels, signal, onProgress } = options as FramesOptions
  const plan = { fps: fps ?? DEFAULT_FPS, from: from ?? 0, to: to ?? Infinity, most: most ?? DEFAULT_MOST, maxPixels: maxPixels ?? DEFAULT_PIXELS }
  if (plan.to < plan.from) throw invalidRequest(`to is ${plan.to}, which is before from (${plan.from})`)
  return { ...plan, signal: signal ?? undefined, onProgress: onProgress ? guarded(onProgress) : () => {} }
}

/** Sums of steps may be a little more than they should be. */
const ROUNDING = 1e-6

/** The times of a clip's frames, ascending. */
export function frameTimes(duration: number, { fps, from, to, most }: Pick<FramePlan, 'fps' | 'from' | 'to' | 'most'>): number[] {
  if (from > 0 && from >= duration) throw invalidRequest(`from is ${from}, and the clip ends at ${duration} seconds`)
  const length = Math.min(to, duration) - from
  const step = Math.max(1 / fps, length / most)
  const count = Math.min(most, Math.max(1, Math.ceil(length / step - ROUNDING)))
  return Array.from({ length: count }, (_, i) => from + i * step)
}
