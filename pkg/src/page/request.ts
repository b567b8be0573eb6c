// Some documents of a request, sent to one worker.
import { isBitmap } from '../content/bitmaps.js'
import type { Attachment, FromWorker, ToWorker } from '../protocol.js'
import type { PackedRequest } from './attachments.js'
import type { Client } from './client.js'
import { rasterize } from './rasterize.js'

/** A message to a worker, but for its id. */
export interface PortionMessage {
  type: 'rerank' | 'embed'
  body: string
  strict: boolean
  attachments: (Attachment | null)[]
  /** Attachments that no other portion needs: they are moved instead of copied. */
  transfer: Transferable[]
}

/** The body for some documents of a request, with the attachments that it names. `more` is added to the documents, as JSON. */
export function messageFor(type: PortionMessage['type'], request: PackedRequest, indexes: number[], more: string[] = []): Omit<PortionMessage, 'strict'> {
  const { fields, documents, attachments } = request
  const shared = request.query ? [request.query] : []
  const chosen = indexes.flatMap((index) => documents[index] ?? [])
  const own = chosen.length === documents.length
  const needed = new Set([...shared, ...chosen].flatMap((content) => [...content.attachments]))
  const others = own
    ? new Set()
    : new Set([...shared, ...documents.filter((document) => !chosen.includes(document))].flatMap((content) => [...content.attachments]))
  const list = [...chosen.map(({ json }) => json), ...more]
  const query = shared.map(({ json }) => `"query":${json},`).join('')
  return {
    type,
    body: `${fields.slice(0, -1)}${fields === '{}' ? '' : ','}${query}"${type === 'rerank' ? 'documents' : 'input'}":[${list}]}`,
    attachments: attachments.map((attachment, number) => (needed.has(number) ? attachment : null)),
    transfer: attachments.filter((attachment, number) => needed.has(number) && !others.has(number) && isMovable(attachment)) as Transferable[],
  }
}

/** Both are copies that packing made. */
const isMovable = (attachment: unknown): boolean => isBitmap(attachment) || attachment instanceof ArrayBuffer

/** Settles when the worker is done with it, also after an abort. */
export async function sendPortion<Response>(
  client: Client,
  { transfer, ...message }: PortionMessage,
  signal: AbortSignal,
  onResult: (result: { index: number }) => void,
): Promise<Response> {
  const json = await client.call<string>(
    (id) => ({ id, ...message }),
    signal,
    (message) => {
      if (message.type === 'result' && !signal.aborted) onResult(message.result)
      if (message.type === 'draw') draw(client, message)
    },
    transfer,
  )
  return JSON.parse(json)
}

/** The page draws what a worker cannot. */
function draw(client: Client, { id, drawing, bytes }: Extract<FromWorker, { type: 'draw' }>): void {
  const answer = (pixels: Extract<ToWorker, { type: 'drawn' }>['pixels']) => client.post({ type: 'drawn', id, drawing, pixels })
  rasterize(bytes).then(answer, () => answer(null))
}
