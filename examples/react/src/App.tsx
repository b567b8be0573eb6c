import { type FormEvent, useEffect, useState } from 'react'
import { rerankHits } from 'secondpass'
import { type RerankerHandle, type RunState, useLatest, useReranker } from 'secondpass/react'
import questions from './questions.json'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'

export function App() {
  const [query, setQuery] = useState('')
  // Nothing is downloaded before the first search.
  const model = useReranker(query === '' ? null : { model: MODEL })
  const { reranker } = model
  // A newer search aborts the one that runs, as does leaving the page.
  const { run, ...search } = useLatest(async ({ signal }, query: string) => {
    if (!reranker) return undefined
    return { query, ranked: await rerankHits(reranker, questions, { query, text: ['question', 'answer'], top_n: 3, signal }) }
  })

  useEffect(() => {
    if (reranker) void run(query)
  }, [reranker, query, run])

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (model.error) model.retry()
    setQuery(String(new FormData(event.currentTarget).get('query')))
  }
  const best = search.value?.query === query ? search.value.ranked : undefined

  return (
    <main>
      <form onSubmit={submit}>
        <input type="search" name="query" defaultValue="I want a refund" aria-label="Search" required />
        <button type="submit">Search</button>
      </form>
      <p role="status">{statusOf(query, model, search, best !== undefined)}</p>
      <ol>
        {(best ?? questions.map((hit) => ({ hit, score: undefined }))).map(({ hit, score }) => (
          <li key={hit.id}>
            {hit.question}
            {score !== undefined && ` (${score.toFixed(3)})`}
          </li>
        ))}
      </ol>
    </main>
  )
}

function statusOf(query: string, { error, progress, reranker }: RerankerHandle, search: RunState<unknown>, isRanked: boolean): string {
  if (query === '') return ''
  if (error) return error.message
  if (!reranker) return progress ? `${progress.overall.label} (${Math.floor(100 * progress.overall.fraction)} %)` : 'Loading the model'
  if (search.error) return search.error.message
  return isRanked ? 'Best first.' : 'Reading…'
}
