// Code as in the README with React, Vue and Svelte, and the fakes, under the strictest settings.
import { Embedder, type EmbedderLike, Reranker, type RerankerLike, type RerankResponse, type ScoreResponse } from 'secondpass'
import { createScoreHandler, type RerankHandler } from 'secondpass/http'
import * as react from 'secondpass/react'
import * as svelte from 'secondpass/svelte'
import { FakeEmbedder, FakeReranker, type FakeRerankerSettings } from 'secondpass/testing'
import * as vue from 'secondpass/vue'
import type { Readable } from 'svelte/store'
import { type Ref, ref } from 'vue'

export function Component({ searched }: { searched: boolean }) {
  const { reranker, status, progress, error, retry } = react.useReranker(searched ? { model: '/m', device: 'cpu' } : null, { keepMs: 0 })
  const { results, run, abort } = react.useRerank(reranker)
  const { embedder } = react.useEmbedder({ model: '/m', prompts: { query: 'query: ' } })
  const double = react.useLatest(async ({ signal, show }, text: string) => {
    show(0)
    signal.throwIfAborted()
    return text.length
  })
  const length: Promise<number | undefined> = double.run('a')
  const response: Promise<RerankResponse | undefined> = run({ query: 'q', documents: ['a'] })
  // @ts-expect-error The work takes a text.
  double.run(1)
  // @ts-expect-error There is no such option.
  react.useReranker({ modle: '/m' })
  const like: RerankerLike | undefined = reranker
  return [status, progress?.overall.label, error?.message, retry, results[0]?.relevance_score, abort, embedder, like, length, response, double.value?.toFixed()]
}

export function setup() {
  const options = ref<{ model: string } | null>(null)
  const model = vue.useReranker(() => options.value)
  const { results, status } = vue.useRerank(model.reranker)
  const label: Ref<string> = status
  const { value, run } = vue.useLatest(async (_, text: string) => text.length)
  return { first: results.value[0]?.index, label, value, run, embedder: vue.useEmbedder({ model: '/m' }).embedder.value }
}

const model = svelte.rerankerStore({ model: '/m' })
const state: Readable<{ status: string; reranker?: RerankerLike }> = model
let current: RerankerLike | undefined
model.subscribe(({ reranker }) => {
  current = reranker
})
const answer = svelte.rerankStore(() => current)
answer.subscribe(({ results }) => console.log(results[0]?.relevance_score))
export const answered: Promise<RerankResponse | undefined> = answer.run({ query: 'q', documents: ['a'] })
svelte.embedderStore({ model: '/m' }).retry()
svelte.latestStore(async (_, text: string) => text.length).run('a')

const settings: FakeRerankerSettings = {
  score: (query, document) => (document.includes(query) ? 0.9 : 0.1),
  fail: (request, call) => (call === 0 && request.top_n ? 'out_of_memory' : undefined),
  delayMs: ({ documents }) => documents.length,
}
const fake = new FakeReranker(settings)
export const like: RerankerLike = fake
export const embedderLike: EmbedderLike = new FakeEmbedder({ vector: (text) => [text.length] })
export const asked: string[] = fake.requests.map(({ request }) => String(request.query))
export const Fake: { load: typeof FakeReranker.load } = FakeReranker.with(settings)
fake.hold().release()
// @ts-expect-error There is no such code.
fake.failNext('no_such_code')

const reranker = await Reranker.load({ model: '/m' })
export const scores: ScoreResponse = await reranker.score(
  { text_1: 'q', text_2: ['a', { image: '/a.png' }], raw_scores: true },
  { onResult: ({ score }) => score },
)
// @ts-expect-error Pairs have no best ones.
await reranker.score({ text_1: 'q', text_2: ['a'], top_n: 1 })
export const route: RerankHandler = createScoreHandler(reranker, { maxDocuments: 10 })
export const dashscope = Reranker.remote({ url: 'https://example.org/', format: 'dashscope', model: 'qwen3-rerank' })
export const cohere = Embedder.remote({ url: 'https://example.org/v2/embed', format: 'cohere' })
// @ts-expect-error That is a format of rerankers.
Embedder.remote({ url: 'https://example.org/', format: 'dashscope' })

export { state }
