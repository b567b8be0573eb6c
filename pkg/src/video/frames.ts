// Takes the frames of a clip, one after the other.

import { published } from '../entry/published.js'
import { invalidRequest } from '../errors.js'
import { ClipPlayer } from './clip-player.js'
import { type Clip, checkClip } from './clip-source.js'
import { type ClipFrame, type FramePlan, type FramesOptions, frameTimes, planOf } from './frame-options.js'

/**
 * The pictures of a clip that this browser plays, each with its time: one a second, at most 60, unless the options say otherwise. They come one
 * by one; leaving the loop, or the signal, ends the work and frees the player. Needs a page: a worker has no player.
 */
export function framesOf(clip: Clip, options: FramesOptions = {}): AsyncGenerator<ClipFrame, void, undefined> {
  try {
    if (typeof document === 'undefined') throw invalidRequest('framesOf needs a page, whose player decodes the clip; call it there, and post the frames')
    return take(checkClip(clip), planOf(options))
  } catch (error) {
    throw published(error)
  }
}

async function* take(clip: Clip, plan: FramePlan): AsyncGenerator<ClipFrame, void, undefined> {
  const { signal, maxPixels, onProgress } = plan
  const player = await ClipPlayer.open(clip, maxPixels, signal)
  try {
    const times = frameTimes(player.duration, plan)
    for (const [i, time] of times.entries()) {
      signal?.throwIfAborted()
      const image = await player.frameAt(time)
      onProgress({ taken: i + 1, of: times.length, time })
      yield { image, time }
    }
  } catch (error) {
    throw published(error)
  } finally {
    player.close()
  }
}
