// The search index, under the strictest settings.
import { Embedder, type RankedHit, type RankedHits, type RerankerLike, rerankHits } from 'secondpass'
import { type DocumentsWithVectors, type EmbedderLike, queryVector, type SearchHit, SearchIndex, type StageUpdate, withVectors } from 'secondpass/search'

declare const reranker: RerankerLike
const controller = new AbortController()

interface Page {
  url: string
  title: string
  body?: string
}
const embedder: EmbedderLike = {
  info: { identity: 'mine' },
  embed: async ({ input }, { signal } = {}) => ({ data: input.map((_, index) => ({ index, embedding: signal ? [1] : new Float32Array(2) })) }),
}
const own: EmbedderLike = await Embedder.load({ model: '/m' })
const searchIndex = await SearchIndex.open<Page>(
  'pages',
  { fields: { title: 2, body: 1 }, id: 'url', embedder: async () => embedder, vectors: { words: { text: ['title', 'body'] } }, reranker: () => reranker },
  { signal: controller.signal, onProgress: ({ stage, loaded, total, message }) => console.log(stage, loaded, total, message) },
)
await searchIndex.add([{ url: '/a', title: 'A' }], { signal: controller.signal })
await searchIndex.update([{ url: '/a', body: 'b' }])
const removed: number = await searchIndex.remove(['/a'])
const onStage = ({ stage, done, results }: StageUpdate<Page>) => console.log(stage, done, results[0]?.document.title)
const answer = await searchIndex.search(
  { text: 'a', image: '/a.png' },
  { limit: 20, top_n: 5, filter: ({ url }) => url !== '/b', mode: 'hybrid', rerank_field: 'body', topn: 3, onStage },
)
const firstHit: SearchHit<Page> | undefined = answer.results[0]
const rank: number | undefined = firstHit?.ranks.reranked ?? firstHit?.ranks.fused
const page: Page | undefined = searchIndex.get('/a')
const file: Blob = await searchIndex.export()
const replaced: boolean = await searchIndex.import(new URL('https://example.org/search.sp'), { signal: controller.signal })
// @ts-expect-error A document has these fields.
await searchIndex.add([{ url: '/a' }])
searchIndex.dispose()
await SearchIndex.delete('pages')
const merged: RankedHits<Page> = await rerankHits(
  reranker,
  { title: [{ url: '/a', title: 'A' }], body: [{ url: '/b', title: 'B' }] },
  { query: 'q', rerank_field: 'title', topn: 3 },
)
const mergedToo: RankedHit<Page>[] = await rerankHits(reranker, [[{ url: '/a', title: 'A' }], [{ url: '/b', title: 'B' }]], {
  query: 'q',
  text: (data) => data.title,
})
// @ts-expect-error The hits have no such field.
await rerankHits(reranker, { title: [{ url: '/a', title: 'A' }] }, { query: 'q', rerank_field: 'titel' })
const { meta } = merged

const records: DocumentsWithVectors<Page, 'embedding'> = await withVectors(Embedder.load({ model: '/m' }), [{ url: '/a', title: 'A' }] as Page[], {
  text: ['title', ({ body }) => body],
  signal: controller.signal,
  onProgress: ({ loaded, total }) => console.log(loaded / total),
})
const vector: number[] | undefined = records[0]?.embedding
const title: string | undefined = records[0]?.title
const failures: string[] = records.meta.failed.map(({ index, code, message }) => `${index} ${code} ${message}`)
const nested = await withVectors(embedder, [{ text: 'a', old: 'b' }], { into: '_vectors.words', dimensions: 8 })
const inner: number[] | undefined = nested[0]?._vectors?.words
const renewed = await withVectors(embedder, [{ text: 'a', vector: 'old' }], { into: 'vector' })
const newer: number[] | undefined = renewed[0]?.vector
const asked: number[] = await queryVector(own, { image: '/a.png' }, { instruction: 'find', signal: controller.signal })
// @ts-expect-error The documents have no such field.
await withVectors(embedder, [{ title: 'A' }], { text: 'titel' })
// @ts-expect-error A document without content has no vector.
const always: number[] = (await withVectors(embedder, [{ text: 'a' }]))[0].embedding

export { always, asked, failures, file, inner, merged, mergedToo, meta, newer, own, page, rank, removed, replaced, title, vector }
