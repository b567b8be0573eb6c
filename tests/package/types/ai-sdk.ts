// The declared types of the AI SDK's interfaces are assignable to the real ones, of both versions.
import type { RerankingModelV3, RerankingModelV4 } from '@ai-sdk/provider'
import { createProviderRegistry, rerank } from 'ai'
import { rerank as rerank6 } from 'ai6'
import { Reranker } from 'secondpass'
import { createSecondpass, type SecondpassProviderOptions } from 'secondpass/ai-sdk'

const reranker = await Reranker.load({ model: '/model' })
export const v4: RerankingModelV4 = createSecondpass(reranker).reranking('name')
export const v3: RerankingModelV3 = createSecondpass({ model: '/model' }, { specificationVersion: 'v3' }).rerankingModel()

const options: SecondpassProviderOptions = { instruction: 'find', maxTokensPerDoc: 512, queryImage: ['/a.png'] }
const { ranking } = await rerank({
  model: createSecondpass(reranker).reranking(),
  query: 'q',
  documents: [{ text: 'a', image: '/a.png' }],
  topN: 3,
  providerOptions: { secondpass: options },
})
export const first: { text: string; image: string } | undefined = ranking[0]?.document
await rerank({ model: v3, query: 'q', documents: ['a'] })
await rerank6({ model: createSecondpass(Reranker.load({ model: '/m' }), { specificationVersion: 'v3' }).reranking(), query: 'q', documents: ['a'] })

export const registry = createProviderRegistry({ secondpass: createSecondpass((id) => ({ model: `/models/${id}` })) })
await rerank({ model: registry.rerankingModel('secondpass:tiny'), query: 'q', documents: ['a'] })
