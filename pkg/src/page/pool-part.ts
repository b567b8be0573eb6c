// A model as a reranker or an embedder has it: one task of workers that may serve both.
import { disposed, type SecondpassError } from '../errors.js'
import type { Task } from '../protocol.js'
import type { RerankerInfo } from '../types.js'
import type { Pool, Turns } from './pool.js'
import type { Packing, RequestControl, RequestKind } from './request-kind.js'

export class PoolPart {
  /** Why tabs do not share it though they should. */
  unshared: string | undefined
  #closed: SecondpassError | undefined

  constructor(
    readonly pool: Pool,
    readonly task: Task,
    /** Called when it is not used any more. */
    readonly onEnd: () => void,
  ) {}

  get info(): RerankerInfo {
    const info = this.pool.info(this.task)
    if (!this.unshared) return info
    return { ...info, shared: false, warnings: [...(info.warnings ?? []), `The model is not shared: ${this.unshared}.`] }
  }

  get closed(): boolean {
    return this.closedBy !== undefined
  }

  /** Why it is closed. */
  get closedBy(): SecondpassError | undefined {
    return this.#closed ?? this.pool.closedBy
  }

  /** Computes a request of a kind. */
  async run<Request, Response, Result extends { index: number }>(
    kind: RequestKind<Request, Response, Result>,
    request: Request,
    control: RequestControl<Result>,
  ): Promise<Response> {
    if (this.closedBy) throw this.closedBy
    const packed = await kind.pack(request)
    return kind.finish(await this.compute(kind, { packed, again: () => kind.pack(request) }, control), request)
  }

  /** Computes a request that is packed. */
  async compute<Request, Response, Result extends { index: number }>(
    kind: RequestKind<Request, Response, Result>,
    packing: Packing,
    control: RequestControl<Result>,
    turns: Turns = { caller: this },
  ): Promise<Response> {
    if (this.closedBy) throw this.closedBy
    return this.pool.compute(kind, packing, control, turns)
  }

  dispose(): void {
    if (this.#closed) return
    this.#closed = disposed()
    this.onEnd()
  }
}
