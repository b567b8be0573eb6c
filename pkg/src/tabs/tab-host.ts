// The tab that has the model, and computes for all that share it.
import { SecondpassError, serializeError } from '../errors.js'
import { loadPart } from '../page/page-model.js'
import type { PoolPart } from '../page/pool-part.js'
import type { ProgressStep, WorkerModelOptions } from '../protocol.js'
import { type MemberMessage, memberName, type TabsMessage, type ToHost, type ToMember } from './messages.js'
import { Seat } from './seat.js'
import { takeLock } from './tab-locks.js'

/** How the model ended in this tab: for all (`closed`), because nobody needs it (`unused`), or another tab takes over (`left`). */
export type HostingEnd = 'closed' | 'unused' | 'left'

export class TabHost {
  readonly id: string = crypto.randomUUID()
  /** Resolves once the model is gone from this tab. */
  readonly ended: Promise<HostingEnd>
  readonly #group: BroadcastChannel
  readonly #seats = new Map<string, Seat>()
  /** The latest of each stage and file. */
  readonly #steps = new Map<string, ProgressStep>()
  readonly #loading: Promise<PoolPart>
  readonly #stop = new AbortController()
  #pool: PoolPart | undefined
  #end!: (how: HostingEnd) => void
  #over = false

  /** Loads the model, and tells all tabs of the group. */
  constructor(group: string, options: WorkerModelOptions, stolen: boolean) {
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#group = new BroadcastChannel(group)
    this.#group.onmessage = ({ data }: MessageEvent<TabsMessage>) => {
      if (data.type === 'hello') this.#admit(data.member)
    }
    const control = { signal: this.#stop.signal, onProgress: (step: ProgressStep) => this.#progress(step) }
    this.#loading = loadPart(options, control, () => this.#changed())
    this.#loading.then(
      (pool) => this.#loaded(pool),
      (error) => this.#fail(error),
    )
    this.#group.postMessage({ type: 'hosting', host: this.id, stolen } satisfies TabsMessage)
  }

  /** Seats a member, which is told of everything by `send`. Returns what it tells the host. */
  seat(member: string, send: (message: ToMember) => void, onLeave: () => void = () => {}): (message: ToHost) => void {
    const seat = new Seat(this.#loading, send, () => {
      onLeave()
      if (this.#seats.delete(member) && this.#seats.size === 0) this.#finish('unused')
    })
    this.#seats.set(member, seat)
    this.#greet(seat)
    return (message) => seat.receive(message)
  }

  /** Another tab is to take over. */
  leave(): void {
    this.#dismiss({ type: 'leaving' }, 'left')
  }

  /** A member of another tab, or one that has not heard its welcome. */
  #admit(member: string): void {
    if (this.#over) return
    const known = this.#seats.get(member)
    if (known) return this.#greet(known)
    const channel = new BroadcastChannel(memberName(member))
    const gone = new AbortController()
    const send = (down: ToMember) => channel.postMessage({ host: this.id, down } satisfies MemberMessage)
    const receive = this.seat(member, send, () => {
      gone.abort()
      channel.close()
    })
    channel.onmessage = ({ data }: MessageEvent<MemberMessage>) => {
      if ('up' in data && data.host === this.id) receive(data.up)
    }
    channel.onmessageerror = () => send({ type: 'unreadable' })
    // A tab has its lock as long as it lives.
    takeLock(memberName(member), gone).then(
      (lock) => {
        lock.release()
        receive({ type: 'leave' })
      },
      () => {},
    )
  }

  #greet(seat: Seat): void {
    seat.tell({ type: 'welcome' })
    for (const step of this.#steps.values()) seat.tell({ type: 'progress', step })
    if (this.#pool) seat.tell({ type: 'info', info: this.#pool.info })
  }

  #progress(step: ProgressStep): void {
    this.#steps.set(`${step.stage} ${step.file ?? ''}`, step)
    this.#tell({ type: 'progress', step })
  }

  #loaded(pool: PoolPart): void {
    if (this.#over) return pool.dispose()
    this.#pool = pool
    this.#changed()
  }

  #changed(): void {
    if (!this.#pool || this.#over) return
    if (this.#pool.closed) return this.#fail(this.#pool.closedBy)
    this.#tell({ type: 'info', info: this.#pool.info })
  }

  #fail(error: unknown): void {
    this.#dismiss({ type: 'ended', error: serializeError(error) }, 'closed')
  }

  #tell(message: ToMember): void {
    for (const seat of [...this.#seats.values()]) seat.tell(message)
  }

  #dismiss(message: ToMember, how: HostingEnd): void {
    const seats = [...this.#seats.values()]
    this.#seats.clear()
    for (const seat of seats) {
      seat.tell(message)
      seat.leave()
    }
    this.#finish(how)
  }

  #finish(how: HostingEnd): void {
    if (this.#over) return
    this.#over = true
    this.#stop.abort(new SecondpassError('disposed', 409, 'No tab needs the model any more.'))
    this.#pool?.dispose()
    this.#group.close()
    this.#end(how)
  }
}
