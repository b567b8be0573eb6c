// The messages among tabs that share a model. One of them hosts it, all of them are its members, the host too.
import type { EmbeddedVector } from '../embed-types.js'
import type { ErrorMessage } from '../errors.js'
import type { PackedRequest } from '../page/attachments.js'
import type { ProgressStep } from '../protocol.js'
import type { RerankerInfo, RerankResult } from '../types.js'

/** What all tabs of a model hear. */
export type TabsMessage =
  /** A tab hosts the model from now on. `stolen`: the one before did not answer any more. */
  | { type: 'hosting'; host: string; stolen: boolean }
  /** A tab looks for the host. */
  | { type: 'hello'; member: string }

export type ToHost =
  | { type: 'run'; id: number; kind: 'rerank' | 'embed'; packed: PackedRequest; strict: boolean }
  | { type: 'abort'; id: number }
  | { type: 'ping' }
  | { type: 'leave' }

export type ToMember =
  | { type: 'welcome' }
  | { type: 'pong' }
  | { type: 'progress'; step: ProgressStep }
  /** The model is loaded, or something of it has changed. */
  | { type: 'info'; info: RerankerInfo }
  | { type: 'started'; id: number }
  | { type: 'result'; id: number; result: RerankResult | EmbeddedVector }
  | { type: 'done'; id: number; response: unknown }
  | { type: 'failed'; id: number; error: ErrorMessage }
  /** A request arrived that cannot be read. */
  | { type: 'unreadable' }
  /** The host stops, and another tab takes its place. */
  | { type: 'leaving' }
  /** The model is gone for all. */
  | { type: 'ended'; error: ErrorMessage }

/** On the channel of one member: to the host of that name, or from it. */
export type MemberMessage = { host: string } & ({ up: ToHost } | { down: ToMember })

/** The channel of a member; the lock of that name tells whether the member is still there. */
export const memberName = (member: string): string => `secondpass:tab:${member}`

/** The channel of all tabs with one model; whoever has the lock of that name hosts it. */
export const groupName = (key: string): string => `secondpass:tabs:${key}`
