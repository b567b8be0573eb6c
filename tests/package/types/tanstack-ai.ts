// The declared types of TanStack AI's adapters are assignable to the real ones.
import { type EmbeddingAdapter, embed, type RerankAdapter, rerank } from '@tanstack/ai'
import { Embedder, Reranker } from 'secondpass'
import { secondpassEmbedding, secondpassRerank, type TanStackEmbedOptions, type TanStackRerankOptions } from 'secondpass/tanstack-ai'

const reranker = await Reranker.load({ model: '/model' })
const named = secondpassRerank(reranker, { model: 'tiny' })
export const adapter: RerankAdapter<'tiny', TanStackRerankOptions> = named
export const embedding: EmbeddingAdapter<'secondpass', TanStackEmbedOptions> = secondpassEmbedding({ model: '/model' })

const { ranking, rerankedDocuments, usage } = await rerank({
  adapter: named,
  query: 'q',
  documents: [{ id: 1, body: 'a' }],
  topN: 3,
  modelOptions: { text: ['title', 'body'], instruction: 'find' },
  abortSignal: AbortSignal.timeout(1000),
})
export const first: number | undefined = ranking[0]?.document.id ?? rerankedDocuments[0]?.id ?? usage.totalTokens
// @ts-expect-error There is no such option.
await rerank({ adapter: named, query: 'q', documents: ['a'], modelOptions: { colour: 'red' } })

const { embeddings } = await embed({
  adapter: secondpassEmbedding(Embedder.load({ model: '/model' })),
  input: [
    'a',
    [
      { type: 'text', content: 'b' },
      { type: 'image', source: { type: 'url', value: 'https://example.org/a.png' } },
    ],
  ],
  dimensions: 64,
  modelOptions: { inputType: 'query' },
})
export const vector: number[] | undefined = embeddings[0]?.vector
