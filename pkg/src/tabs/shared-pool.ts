// A model that tabs share, as one of them sees it. One tab hosts it; whichever that is, requests go to it.

import { orAborted } from '../abort.js'
import { isBitmap } from '../content/bitmaps.js'
import { pixelsOf } from '../content/pictures.js'
import { deserializeError, disposed, invalidRequest, messageOf, type SecondpassError } from '../errors.js'
import type { PackedRequest } from '../page/attachments.js'
import type { RequestControl, RequestKind } from '../page/request-kind.js'
import type { StepControl, WorkerModelOptions } from '../protocol.js'
import type { RerankerInfo } from '../types.js'
import { groupName, type MemberMessage, memberName, type TabsMessage, type ToHost, type ToMember } from './messages.js'
import { sharingKey } from './sharing.js'
import { TabHost } from './tab-host.js'
import { type TabLock, takeLock } from './tab-locks.js'
import { type RunMessage, TabRequest } from './tab-request.js'

/** How often a member that waits for its host asks whether it is there, in milliseconds. */
const WATCH_MS = 3000
/** So often it may be silent. A browser may suspend a tab in the background, which keeps its locks. */
const MOST_SILENT = 5

/** The way to the host. */
interface HostLink {
  host: string
  send(message: ToHost): void
}

export class SharedPool {
  readonly #id = crypto.randomUUID()
  readonly #group: string
  readonly #requests = new Map<number, TabRequest>()
  readonly #loaded: Promise<void>
  #settleLoad!: { resolve: () => void; reject: (error: unknown) => void }
  #presence: TabLock | undefined
  #channels: { group: BroadcastChannel; own: BroadcastChannel } | undefined
  #link: HostLink | undefined
  #hosting: TabHost | undefined
  /** Whether the host gave up its place, so that no request is to blame. */
  #orderly = true
  #waiting = new AbortController()
  #timer: ReturnType<typeof setInterval> | undefined
  #silent = 0
  #nextId = 1
  #info: RerankerInfo | undefined
  #closed: SecondpassError | undefined

  private constructor(
    readonly options: WorkerModelOptions,
    readonly onProgress: StepControl['onProgress'],
  ) {
    this.#group = groupName(sharingKey(options))
    this.#loaded = new Promise((resolve, reject) => {
      this.#settleLoad = { resolve, reject }
    })
    this.#loaded.catch(() => {})
  }

  /** Resolves when the model is loaded, here or in the tab that hosts it. */
  static async load(options: WorkerModelOptions, { signal, onProgress }: StepControl): Promise<SharedPool> {
    const pool = new SharedPool(options, onProgress)
    const leave = () => pool.dispose()
    signal?.addEventListener('abort', leave, { once: true })
    try {
      await pool.#join()
      signal?.throwIfAborted()
      await pool.#loaded
      return pool
    } catch (error) {
      pool.dispose()
      throw signal?.aborted ? signal.reason : error
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  get info(): RerankerInfo {
    return { ...(this.#info as RerankerInfo), shared: true }
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** Computes a request of a kind. */
  async run<Request, Response, Result extends { index: number }>(
    kind: RequestKind<Request, Response, Result>,
    request: Request,
    control: RequestControl<Result>,
  ): Promise<Response> {
    if (this.#closed) throw this.#closed
    const packed = withoutBitmaps(await kind.pack(request))
    const { signal, strict } = control
    signal?.throwIfAborted()
    if (this.#closed) throw this.#closed
    const message: RunMessage = { type: 'run', id: this.#nextId++, kind: kind.type, packed, strict: Boolean(strict) }
    const sent = new TabRequest(message, control as unknown as TabRequest['control'])
    this.#requests.set(message.id, sent)
    const onAbort = () => this.#link?.send({ type: 'abort', id: message.id })
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      this.#send(sent)
      return kind.finish((await orAborted(signal, sent.response)) as Response, request)
    } finally {
      this.#requests.delete(message.id)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Leaves the others, who keep the model. */
  dispose(): void {
    this.#close(disposed())
  }

  async #join(): Promise<void> {
    this.#presence = await takeLock(memberName(this.#id))
    if (this.#closed) return this.#presence.release()
    const [group, own] = [new BroadcastChannel(this.#group), new BroadcastChannel(memberName(this.#id))]
    this.#channels = { group, own }
    group.onmessage = ({ data }: MessageEvent<TabsMessage>) => {
      if (data.type === 'hosting') this.#newHost(data)
    }
    own.onmessage = ({ data }: MessageEvent<MemberMessage>) => {
      if ('down' in data) this.#hear(data.host, data.down)
    }
    this.#timer = setInterval(() => this.#watch(), WATCH_MS)
    void this.#compete()
    this.#hello()
  }

  /** Waits until it may host the model, and does so. */
  async #compete(steal = false): Promise<void> {
    this.#waiting = new AbortController()
    const how = steal ? { steal } : { signal: this.#waiting.signal }
    const lock = await takeLock(this.#group, how).catch(() => undefined)
    if (!lock) return
    if (this.#closed) return lock.release()
    const host = new TabHost(this.#group, this.options, steal)
    this.#hosting = host
    this.#link = undefined
    const receive = host.seat(this.#id, (message) => this.#hear(host.id, message))
    this.#connect({ host: host.id, send: receive })
    void lock.stolen.then(() => host.leave())
    // A page that is left may be kept and shown again, with its locks.
    const hidden = new AbortController()
    let shown = Promise.resolve()
    const onHide = () => {
      shown = new Promise((done) => addEventListener('pageshow', () => done(), { once: true }))
      host.leave()
    }
    globalThis.addEventListener?.('pagehide', onHide, { signal: hidden.signal })
    const end = await host.ended
    hidden.abort()
    this.#hosting = undefined
    lock.release()
    await shown
    if (end === 'left' && !this.#closed) void this.#compete()
  }

  #hello(): void {
    this.#channels?.group.postMessage({ type: 'hello', member: this.#id } satisfies TabsMessage)
  }

  #newHost({ host, stolen }: Extract<TabsMessage, { type: 'hosting' }>): void {
    // Its own is over as soon as the lock is known to be lost, and the new one may have answered already.
    if (this.#hosting || this.#link?.host === host) return
    this.#orderly ||= stolen
    this.#link = undefined
    this.#hello()
  }

  #hear(host: string, message: ToMember): void {
    if (this.#closed) return
    if (message.type === 'welcome' && !this.#link) this.#connectTo(host)
    if (this.#link?.host !== host) return
    this.#silent = 0
    switch (message.type) {
      case 'progress':
        if (!this.#info) this.onProgress?.(message.step)
        return
      case 'info':
        this.#info = message.info
        return this.#settleLoad.resolve()
      case 'leaving':
        this.#orderly = true
        this.#link = undefined
        return this.#hello()
      case 'ended':
        return this.#close(deserializeError(message.error) as SecondpassError)
      case 'unreadable':
        for (const request of this.#requests.values()) if (!request.isStarted) request.fail(invalidRequest('it cannot be sent to another tab'))
        return
      case 'started':
      case 'result':
      case 'done':
      case 'failed':
        return this.#requests.get(message.id)?.answer(message)
    }
  }

  #connectTo(host: string): void {
    const send = (up: ToHost) => this.#channels?.own.postMessage({ host, up } satisfies MemberMessage)
    this.#connect({ host, send })
  }

  #connect(link: HostLink): void {
    this.#link = link
    const suspect = !this.#orderly
    this.#orderly = false
    this.#silent = 0
    for (const request of this.#requests.values()) if (request.mayRepeat(suspect)) this.#send(request)
  }

  #send(request: TabRequest): void {
    try {
      if (!request.control.signal?.aborted) this.#link?.send(request.message)
    } catch (error) {
      request.fail(invalidRequest(`it cannot be sent to another tab (${messageOf(error)})`))
    }
  }

  /** Takes the place of a host that does not answer. */
  #watch(): void {
    if (!this.#link) this.#hello()
    if (this.#hosting || (this.#info && this.#requests.size === 0)) {
      this.#silent = 0
      return
    }
    this.#link?.send({ type: 'ping' })
    if (++this.#silent <= MOST_SILENT) return
    this.#silent = 0
    this.#orderly = true
    this.#waiting.abort()
    void this.#compete(true)
  }

  #close(error: SecondpassError): void {
    if (this.#closed) return
    this.#closed = error
    this.#settleLoad.reject(error)
    for (const request of this.#requests.values()) request.fail(error)
    clearInterval(this.#timer)
    this.#waiting.abort()
    this.#link?.send({ type: 'leave' })
    this.#link = undefined
    this.#channels?.group.close()
    this.#channels?.own.close()
    this.#presence?.release()
  }
}

/** Not every browser sends bitmaps to other tabs. */
function withoutBitmaps(packed: PackedRequest): PackedRequest {
  const attachments = packed.attachments.map((attachment) => {
    if (!isBitmap(attachment)) return attachment
    try {
      return pixelsOf(attachment)
    } catch (error) {
      return { refused: messageOf(error) }
    } finally {
      attachment.close()
    }
  })
  return { ...packed, attachments }
}
