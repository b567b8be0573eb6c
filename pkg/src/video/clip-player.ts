// A hidden player that is moved from time to time of a clip, and whose picture is then read.
import { SecondpassError } from '../entry/published.js'
import { watchPolicy } from '../policy.js'
import { foreign, whyRefused } from './clip-problem.js'
import { addressFor, type Clip, clipName } from './clip-source.js'

/** A player that neither gets bytes nor reaches a time for so long will not. */
const STALLED_MS = 20_000
/** A frame is painted soon after its time was reached; where nothing is painted, as in a hidden tab, the player has it all the same. */
const PAINTED_WITHIN_MS = 100
/** Later than the end of any clip. Players that do not know the end find it when they are sent there. */
const AFTER_THE_END = 1e9

/** What the player reported, by the numbers of `MediaError`. */
const [NETWORK_FAILED, DECODING_FAILED] = [2, 3]

/** One clip, open until `close` or an abort. */
export class ClipPlayer {
  readonly #clip: Clip
  readonly #signal: AbortSignal | undefined
  readonly #video = document.createElement('video')
  readonly #canvas = document.createElement('canvas')
  readonly #address: { url: string; release: () => void }

  private constructor(clip: Clip, signal: AbortSignal | undefined) {
    this.#clip = clip
    this.#signal = signal
    this.#address = addressFor(clip)
    // The caller may have stopped asking, and then nobody else would end the player.
    signal?.addEventListener('abort', this.close)
  }

  /** Loads a clip until its size and length are known. Its pictures all have one size, of at most `maxPixels`. */
  static async open(clip: Clip, maxPixels: number, signal: AbortSignal | undefined): Promise<ClipPlayer> {
    signal?.throwIfAborted()
    const player = new ClipPlayer(clip, signal)
    try {
      await player.#load()
      player.#setSize(maxPixels)
      return player
    } catch (error) {
      player.close()
      throw error
    }
  }

  /** Its length in seconds. */
  get duration(): number {
    return this.#video.duration
  }

  /** The picture that is shown at a time. */
  async frameAt(time: number): Promise<ImageData> {
    const painted = this.#nextPainted()
    await this.#until('seeked', () => {
      this.#video.currentTime = time
    })
    await painted
    this.#signal?.throwIfAborted()
    return this.#pixels()
  }

  /** Frees the player and what it has loaded. */
  readonly close = (): void => {
    this.#signal?.removeEventListener('abort', this.close)
    this.#video.removeAttribute('src')
    // Without this the player keeps its decoder and its buffers.
    this.#video.load()
    this.#canvas.width = this.#canvas.height = 0
    this.#address.release()
  }

  async #load(): Promise<void> {
    watchPolicy()
    const video = this.#video
    // Pixels of another origin are readable only if it agrees, which has to be asked for before the load.
    video.crossOrigin = 'anonymous'
    video.muted = true
    video.playsInline = true
    video.preload = 'auto'
    await this.#until('loadeddata', () => {
      video.src = this.#address.url
      video.load()
    })
    if (video.videoWidth === 0 || video.videoHeight === 0) {
      throw new SecondpassError(
        'unsupported_video',
        415,
        `${clipName(this.#clip)} has no pictures that this browser decodes: it is sound alone, or of a codec that is unknown here`,
      )
    }
    // What a page has recorded names no length.
    if (!Number.isFinite(video.duration)) {
      await this.#until('seeked', () => {
        video.currentTime = AFTER_THE_END
      })
    }
    if (!Number.isFinite(video.duration)) throw new SecondpassError('bad_video', 422, `${clipName(this.#clip)} has no end: give a clip, not a live stream`)
  }

  /** Does something, and waits for the event that follows it. */
  #until(event: 'loadeddata' | 'seeked', act: () => void): Promise<void> {
    const [video, given] = [this.#video, this.#signal]
    const since = performance.now()
    return new Promise((resolve, reject) => {
      const waiting = new AbortController()
      const { signal } = waiting
      let timer: ReturnType<typeof setTimeout>
      const settle = (end: () => void) => {
        clearTimeout(timer)
        waiting.abort()
        end()
      }
      const restart = () => {
        clearTimeout(timer)
        timer = setTimeout(() => settle(() => reject(this.#stalled())), STALLED_MS)
      }
      restart()
      video.addEventListener('progress', restart, { signal })
      video.addEventListener(event, () => settle(resolve), { signal })
      video.addEventListener('error', () => settle(() => this.#failure(since).then(reject, reject)), { signal })
      given?.addEventListener('abort', () => settle(() => reject(given.reason)), { signal })
      act()
    })
  }

  #stalled(): Error {
    const seconds = STALLED_MS / 1000
    return new SecondpassError('network', 503, `nothing of ${clipName(this.#clip)} has arrived for ${seconds} seconds; check the connection`)
  }

  async #failure(since: number): Promise<Error> {
    const name = clipName(this.#clip)
    const code = this.#video.error?.code
    if (code === DECODING_FAILED) return new SecondpassError('bad_video', 422, `${name} is damaged: it cannot be decoded at ${this.#video.currentTime} seconds`)
    if (code === NETWORK_FAILED) return new SecondpassError('network', 503, `the connection broke off while ${name} was read`)
    return whyRefused(this.#clip, since, this.#signal)
  }

  /** Resolves when the player has painted another frame, or has had the time for it. */
  #nextPainted(): Promise<void> {
    const video = this.#video
    // Younger than some browsers.
    if (typeof video.requestVideoFrameCallback !== 'function' || document.hidden) return Promise.resolve()
    return new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout>
      const request = video.requestVideoFrameCallback(() => {
        clearTimeout(timer)
        resolve()
      })
      const wait = () => {
        timer = setTimeout(() => {
          video.cancelVideoFrameCallback(request)
          resolve()
        }, PAINTED_WITHIN_MS)
      }
      video.addEventListener('seeked', wait, { once: true })
    })
  }

  #setSize(maxPixels: number): void {
    const { videoWidth, videoHeight } = this.#video
    const scale = Math.min(1, Math.sqrt(maxPixels / (videoWidth * videoHeight)))
    this.#canvas.width = Math.max(1, Math.floor(videoWidth * scale))
    this.#canvas.height = Math.max(1, Math.floor(videoHeight * scale))
  }

  #pixels(): ImageData {
    const canvas = this.#canvas
    const context = canvas.getContext('2d', { willReadFrequently: true })
    if (!context) throw new SecondpassError('out_of_memory', 503, 'this browser gives no canvas to read frames from; close other pages')
    context.imageSmoothingQuality = 'high'
    context.drawImage(this.#video, 0, 0, canvas.width, canvas.height)
    try {
      return context.getImageData(0, 0, canvas.width, canvas.height)
    } catch {
      throw foreign(clipName(this.#clip))
    }
  }
}
