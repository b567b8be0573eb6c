// A request whose documents are computed in portions: what is still to be dealt out, and what is known so far.
import { isBitmap } from '../content/bitmaps.js'
import { SecondpassError } from '../errors.js'
import { renumbered } from './merge.js'
import { portionsOf } from './portions.js'
import { messageFor, type PortionMessage } from './request.js'
import type { Packing, PortionAnswer, RequestControl, RequestKind } from './request-kind.js'

/** A short document, which every model can read. */
const SHORT_DOCUMENT = '"a"'

/** Some documents of a request. */
export interface Portion {
  readonly number: number
  readonly indexes: number[]
  /** How often its worker was lost while it computed this. */
  losses: number
  /** Whether bytes of pictures were moved to a worker. */
  moved: boolean
  /**
   * Why a worker refused it: the request is invalid, or none of these documents can be scored, which is the end of the request only
   * if that is so for all the others too. It is asked again with a short document, which tells the two apart.
   */
  refusal: SecondpassError | undefined
}

export class PooledRequest<Request, Response, Result extends { index: number }> {
  readonly response: Promise<Response>
  /** Requests with the same one share the start of their prompts, which each worker keeps of its last request. */
  readonly query: string
  readonly #stop = new AbortController()
  readonly #answers: PortionAnswer<Response>[] = []
  readonly #refusals: Portion[] = []
  readonly #reported = new Set<number>()
  readonly #portions: number
  #waiting: Portion[]
  #running = 0
  #start: number | undefined
  #ended = false
  #settle!: { resolve: (response: Response) => void; reject: (error: unknown) => void }

  constructor(
    readonly kind: RequestKind<Request, Response, Result>,
    readonly packing: Packing,
    readonly control: RequestControl<Result>,
    workers: number,
    /** Whose it is: callers take turns. */
    readonly caller: object,
    mostTokens?: number,
  ) {
    const { packed } = packing
    this.query = (packed.query?.json ?? '') + packed.instruction
    this.#waiting = portionsOf(packed, workers, mostTokens).map((indexes, number) => ({ number, indexes, losses: 0, moved: false, refusal: undefined }))
    this.#portions = this.#waiting.length
    const { signal } = control
    const onAbort = () => this.end(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const settled = new Promise<Response>((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.response = settled.finally(() => {
      signal?.removeEventListener('abort', onAbort)
      for (const attachment of packed.attachments) if (isBitmap(attachment)) attachment.close()
    })
  }

  /** Whether a worker could begin with something. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Ends what workers compute of it. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /**
   * The next portion for one of several workers. Each has portions of its own, in turns, so that it sees the same documents again
   * where another query has the same list, and finds their pictures in its cache; whoever has none left takes another's.
   */
  take(worker: number, workers: number): Portion {
    if (this.#start === undefined) this.control.onStart?.()
    this.#start ??= performance.now()
    this.#running++
    const own = this.#waiting.findIndex(({ number }) => number % workers === worker)
    return this.#waiting.splice(Math.max(0, own), 1)[0] as Portion
  }

  /** What to send for a portion. What was moved to a worker that is lost is packed again. */
  async message(portion: Portion): Promise<PortionMessage> {
    const packed = portion.moved ? await this.packing.again() : this.packing.packed
    const message = messageFor(this.kind.type, packed, portion.indexes, portion.refusal ? [SHORT_DOCUMENT] : [])
    portion.moved = message.transfer.length > 0
    return { ...message, strict: Boolean(this.control.strict) }
  }

  /** A repeated portion does not report a score twice. */
  report(portion: Portion, result: { index: number }): void {
    const index = portion.indexes[result.index]
    if (this.#ended || index === undefined || this.#reported.has(index)) return
    this.#reported.add(index)
    this.control.onResult?.({ ...(result as Result), index })
  }

  answered(portion: Portion, response: Response): void {
    this.#running--
    if (this.#ended) return this.#afterEnd()
    this.#answers.push({ indexes: portion.indexes, response: portion.refusal ? this.kind.failuresAlone(response) : response })
    if (portion.refusal) this.#refusals.push(portion)
    if (this.#answers.length < this.#portions) return
    if (this.#refusals.length === this.#portions) return this.#endWith(this.#refusals)
    this.#ended = true
    this.#settle.resolve(this.kind.merge(this.#answers, JSON.parse(this.packing.packed.fields), performance.now() - (this.#start ?? 0)))
  }

  /** The worker was lost; another begins anew. */
  giveBack(portion: Portion): void {
    this.#running--
    if (this.#ended) return this.#afterEnd()
    this.#waiting.unshift(portion)
  }

  /** The worker cannot score it. */
  refused(portion: Portion, error: unknown): void {
    if (!(error instanceof SecondpassError) || this.#portions === 1) return this.failed(error)
    if (this.control.strict || portion.refusal) return this.failed(named(portion.refusal ?? error, portion))
    portion.refusal = error
    this.giveBack(portion)
  }

  /** There will be no answer to it. */
  failed(error: unknown): void {
    this.#running--
    if (this.#ended) return this.#afterEnd()
    this.end(error)
  }

  /** Rejects it. What workers compute of it is aborted, and awaited, so that it is over when its caller hears of it. */
  end(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#waiting = []
    this.#stop.abort(error)
    this.#afterEnd()
  }

  /** Its caller has gone, and waits for nothing of it. */
  leave(error: unknown): void {
    this.end(error)
    this.#settle.reject(error)
  }

  #afterEnd(): void {
    if (this.#running === 0) this.#settle.reject(this.#stop.signal.reason)
  }

  /** No document could be scored: the error is that of the first. */
  #endWith(refusals: Portion[]): void {
    const first = refusals.reduce((a, b) => (Math.min(...a.indexes) < Math.min(...b.indexes) ? a : b))
    this.end(named(first.refusal as SecondpassError, first))
  }
}

/** The error with the document's index in the request. */
const named = ({ code, status, message }: SecondpassError, { indexes }: Portion): SecondpassError =>
  new SecondpassError(code, status, renumbered(message, indexes))
