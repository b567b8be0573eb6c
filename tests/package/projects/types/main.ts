import { Reranker, type RerankerLike, type RerankResponse, rerankHits, SecondpassError } from 'secondpass'
import { createSecondpass } from 'secondpass/ai-sdk'
import { createRerankHandler } from 'secondpass/http'
import { SecondpassRerank } from 'secondpass/langchain'

const reranker: RerankerLike = await Reranker.load({ model: '/models/tiny-tied', device: 'cpu' }, { onProgress: ({ stage }) => stage satisfies string })
const response: RerankResponse = await reranker.rerank({ query: 'red planet', documents: ['Mars is red.', { text: 'Saturn has rings.' }] })
const ranked = await rerankHits(reranker, [{ id: 1, text: 'a' }], { query: 'q' })
export const model: 'v4' = createSecondpass(reranker).reranking().specificationVersion
export const compressor: typeof SecondpassRerank = SecondpassRerank
export const answer: (request: Request) => Promise<Response> = createRerankHandler(reranker)
export const caught = (error: unknown): number => (error instanceof SecondpassError ? error.status : 500)
console.log(JSON.stringify({ results: response.results, ranked: ranked.length }))
