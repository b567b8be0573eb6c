import { Reranker } from 'secondpass'
import { createRerankHandler } from 'secondpass/http'

// Passes requests on to a /v1/rerank server. The key stays here; put your own check of who may ask in front of it.
export const POST = createRerankHandler(() => Reranker.remote({ url: process.env.RERANK_URL, apiKey: process.env.RERANK_API_KEY }))
