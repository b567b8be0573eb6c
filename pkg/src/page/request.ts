// One request to a loaded model.
import { orAborted } from '../abort.js'
import { asObject } from '../content/schema.js'
import type { FromWorker, ToWorker } from '../protocol.js'
import type { RerankControl, RerankRequest, RerankResponse } from '../types.js'
import { packRequest } from './attachments.js'
import type { Client } from './client.js'
import { rasterize } from './rasterize.js'

export async function sendRequest(client: Client, request: RerankRequest, { signal, onResult, strict }: RerankControl): Promise<RerankResponse> {
  const { body, attachments, transfer } = await packRequest(request)
  signal?.throwIfAborted()
  const json = await orAborted(
    signal,
    client.call<string>(
      (id) => ({ type: 'rerank', id, body, strict: Boolean(strict), attachments }),
      signal,
      (message) => {
        if (message.type === 'result' && !signal?.aborted) onResult?.(message.result)
        if (message.type === 'draw') draw(client, message)
      },
      transfer,
    ),
  )
  const response = JSON.parse(json) as RerankResponse
  for (const result of response.results) if (result.document) result.document = asObject([request.documents].flat()[result.index])
  return response
}

/** The page draws what a worker cannot. */
function draw(client: Client, { id, drawing, bytes }: Extract<FromWorker, { type: 'draw' }>): void {
  const answer = (pixels: Extract<ToWorker, { type: 'drawn' }>['pixels']) => client.post({ type: 'drawn', id, drawing, pixels })
  rasterize(bytes).then(answer, () => answer(null))
}
