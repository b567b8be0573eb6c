// A member as the host sees it: its requests, which end with it.
import type { EmbeddedVector } from '../embed-types.js'
import { serializeError } from '../errors.js'
import type { PackedRequest } from '../page/attachments.js'
import { EMBED } from '../page/embed-kind.js'
import type { PoolPart } from '../page/pool-part.js'
import type { RequestKind } from '../page/request-kind.js'
import { RERANK } from '../page/rerank-kind.js'
import type { RerankResult } from '../types.js'
import type { ToHost, ToMember } from './messages.js'

type AnyKind = RequestKind<unknown, unknown, RerankResult | EmbeddedVector>

const KINDS = { rerank: RERANK as unknown as AnyKind, embed: EMBED as unknown as AnyKind }
/** Estimated tokens after which another tab may have its turn: about a dozen passages. */
const MOST_TOKENS = 2048

export class Seat {
  readonly #running = new Map<number, AbortController>()
  #left = false

  constructor(
    readonly pool: Promise<PoolPart>,
    readonly send: (message: ToMember) => void,
    readonly onLeave: () => void,
  ) {}

  /** Tells the member, if it is still there. */
  tell(message: ToMember): void {
    if (!this.#left) this.send(message)
  }

  receive(message: ToHost): void {
    switch (message.type) {
      case 'run':
        return void this.#run(message)
      case 'abort':
        return this.#running.get(message.id)?.abort()
      case 'ping':
        return this.tell({ type: 'pong' })
      case 'leave':
        return this.leave()
    }
  }

  /** Ends all that is computed for the member. It hears of nothing any more. */
  leave(): void {
    if (this.#left) return
    this.#left = true
    for (const controller of this.#running.values()) controller.abort()
    this.onLeave()
  }

  async #run({ id, kind, packed, strict }: Extract<ToHost, { type: 'run' }>): Promise<void> {
    const controller = new AbortController()
    this.#running.set(id, controller)
    try {
      const pool = await this.pool
      const response = await pool.compute(
        KINDS[kind],
        { packed: copyOf(packed), again: async () => copyOf(packed) },
        {
          signal: controller.signal,
          strict,
          onStart: () => this.tell({ type: 'started', id }),
          onResult: (result) => this.tell({ type: 'result', id, result }),
        },
        { caller: this, mostTokens: MOST_TOKENS },
      )
      this.tell({ type: 'done', id, response })
    } catch (error) {
      this.tell({ type: 'failed', id, error: serializeError(error) })
    } finally {
      this.#running.delete(id)
    }
  }
}

/** Bytes are moved to workers, and the request may have to be sent to another one. */
const copyOf = (packed: PackedRequest): PackedRequest => ({
  ...packed,
  attachments: packed.attachments.map((attachment) => (attachment instanceof ArrayBuffer ? attachment.slice(0) : attachment)),
})
