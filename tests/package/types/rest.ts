// Code as in the README, under the strictest settings.
import type { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors'
import { create, insert, search } from '@orama/orama'
import MiniSearch from 'minisearch'
import {
  type Content,
  type LoadOptions,
  type RankedHit,
  type RemoteOptions,
  Reranker,
  type RerankerLike,
  type RerankRequest,
  rerank,
  rerankHits,
  type SecondpassError,
} from 'secondpass'
import { createRerankHandler, installRerankRoute, type RerankHandler, serveRerankRoute } from 'secondpass/http'
import { SecondpassRerank } from 'secondpass/langchain'
import { goldenRequest, modelById, models, type PublishedModel } from 'secondpass/models'
import { type Clip, type ClipFrame, type FramesOptions, framesOf } from 'secondpass/video'

const controller = new AbortController()
const fixed: readonly Content[] = [
  'a',
  {
    content: [
      { type: 'image', image: '/a.png' },
      { type: 'video', video: ['/1.png'] },
    ],
  },
]
const request: RerankRequest = { model: 'm', query: 'q', documents: fixed }
// @ts-expect-error Not published.
const hidden: LoadOptions = { model: '/m', savings: {} }
const remoteOptions: RemoteOptions = {
  url: 'https://example.org/v1/rerank',
  apiKey: 'key',
  model: 'm',
  headers: async () => ({ 'x-a': 'b' }),
  format: 'rerank',
}
const fallback: Reranker = Reranker.remote(remoteOptions)
const reranker = await Reranker.load(
  { model: new URL('https://example.org/m.gguf'), fallback },
  { signal: controller.signal, onProgress: ({ overall, stage, loaded }) => console.log(overall.fraction, overall.label, stage, loaded) },
)
await Reranker.load({ model: '/m', fallback: (error) => Reranker.remote({ ...remoteOptions, model: error.code }) })
await Reranker.load({ model: '/m', wasmUrl: { cpu: new URL('https://example.org/cpu.wasm') } })
const { shared = false }: { shared?: boolean } = (await Reranker.load({ model: '/m', shared: true })).info
// @ts-expect-error It is not a name.
await Reranker.load({ model: '/m', shared: 'tabs' })
await rerank({ model: '/m', fallback, query: 'q', documents: ['a'] })
const like: RerankerLike = reranker
const reason: string | undefined = reranker.info.fallback_for?.message
const code: SecondpassError['code'] = 'rate_limited'
const tooLarge: SecondpassError['code'] = 'model_too_large'
// @ts-expect-error There is no such code.
const noCode: SecondpassError['code'] = 'no_such_code'

const index = new MiniSearch<{ id: number; title: string }>({ fields: ['title'], storeFields: ['title'] })
const ranked = await rerankHits(reranker, index.search('q'), { query: 'q', text: (hit) => hit.title as string, top_n: 10 })
const best: string[] = ranked.map(({ hit, score = 0 }) => `${hit.id} ${score.toFixed(2)}`)

const db = create({ schema: { title: 'string' } })
insert(db, { title: 'a' })
const found = await search(db, { term: 'a' })
const hits = await rerankHits(like, found.hits, {
  query: { text: 'q', image: '/q.png' },
  text: ({ document }) => document.title,
  image: () => [new Blob()],
  onResult: ({ hit }) => hit.document.title,
})

const typed = [{ id: 1, title: 'a', document: { body: 'b', tags: ['x'] }, picture: undefined as string | undefined }]
const named = await rerankHits(reranker, typed, { query: 'q', text: ['title', 'document.body', 'document.tags'], image: 'picture', id: 'id' })
const device: string | undefined = named.meta?.device
await rerankHits(reranker, found.hits, { query: 'q', text: 'document.title' })
await rerankHits(reranker, index.search('q'), { query: 'q', text: ['title'] })
// @ts-expect-error No hit has such a field.
await rerankHits(reranker, typed, { query: 'q', text: 'titel' })
// @ts-expect-error Nor at the end of such a path.
await rerankHits(reranker, typed, { query: 'q', text: ['title', 'document.boddy'] })

interface Fragment {
  url: string
  content: string
}
const handles: { id: string; data(): Promise<Fragment> }[] = []
const opened: RankedHit<(typeof handles)[number]>[] = await rerankHits(reranker, handles, { query: 'q', text: (data, hit) => `${hit.id} ${data.content}` })
const url: string | undefined = opened[0]?.data?.url
await rerankHits(reranker, handles, { query: 'q', text: 'content', id: 'url' })
// @ts-expect-error The field is one of the data, not of the handle.
await rerankHits(reranker, handles, { query: 'q', text: 'id' })

const compressor: BaseDocumentCompressor = new SecondpassRerank({ reranker, topN: 5, image: 'image' })
const handler: RerankHandler = createRerankHandler(() => Reranker.load({ model: '/m' }), { cors: ['https://example.org'] })
const stop: () => void = serveRerankRoute(handler)
installRerankRoute({ match: (url) => url.hostname === 'api.cohere.com' })

const small: PublishedModel[] = models.filter((model) => model.commercial && model.approximate_bytes < 200e6)
const published: readonly number[] | undefined = modelById('cross-encoder/ettin-reranker-32m-v1')?.golden_scores
await Reranker.load({ model: small[0]?.address ?? '/m' })
await reranker.rerank({ ...goldenRequest, raw_scores: true })

const clips: Clip[] = [new Blob(), new File([], 'a.mp4'), '/a.webm', new URL('https://example.org/a.mp4')]
const wanted: FramesOptions = {
  fps: 2,
  from: 1,
  to: 5,
  most: 10,
  maxPixels: 1e5,
  signal: controller.signal,
  onProgress: ({ taken, of, time }) => console.log(taken / of, time),
}
const frames: ClipFrame[] = []
for (const clip of clips) for await (const frame of framesOf(clip, wanted)) frames.push(frame)
// A frame is a document; frames are a video.
await reranker.rerank({
  query: 'q',
  documents: [...frames, { video: { frames: frames.map(({ image }) => image), timestamps: frames.map(({ time }) => time) } }],
})
// @ts-expect-error There is no such option.
framesOf('/a.mp4', { max: 3 })

export { best, code, compressor, device, hidden, hits, noCode, published, reason, request, shared, stop, tooLarge, url }
