import { Reranker } from 'secondpass'
import { createRerankHandler } from 'secondpass/http'

// A server's own route, with the model behind another one.
export const POST = createRerankHandler(() => Reranker.remote({ url: process.env.UPSTREAM }))
