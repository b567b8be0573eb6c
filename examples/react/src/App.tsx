import { type FormEvent, useEffect, useState } from 'react'
import { type RankedHit, rerankHits } from 'secondpass'
import questions from './questions.json'
import { type RerankerState, useReranker } from './useReranker'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'

type Question = (typeof questions)[number]

interface Answer {
  query: string
  ranked?: RankedHit<Question>[]
  error?: Error
}

export function App() {
  const [query, setQuery] = useState('')
  // Nothing is downloaded before the first search.
  const model = useReranker(query === '' ? null : MODEL)
  const [answer, setAnswer] = useState<Answer>()

  useEffect(() => {
    if (!model.reranker) return
    const controller = new AbortController()
    const { signal } = controller
    rerankHits(model.reranker, questions, { query, text: ['question', 'answer'], top_n: 3, signal }).then(
      (ranked) => setAnswer({ query, ranked }),
      (error: Error) => !signal.aborted && setAnswer({ query, error }),
    )
    return () => controller.abort()
  }, [model.reranker, query])

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (model.error) model.retry()
    setQuery(String(new FormData(event.currentTarget).get('query')))
  }
  const best = answer?.query === query ? answer.ranked : undefined

  return (
    <main>
      <form onSubmit={submit}>
        <input type="search" name="query" defaultValue="I want a refund" aria-label="Search" required />
        <button type="submit">Search</button>
      </form>
      <p role="status">{statusOf(query, model, answer)}</p>
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

function statusOf(query: string, { error, progress, reranker }: RerankerState, answer: Answer | undefined): string {
  if (query === '') return ''
  if (error) return error.message
  if (!reranker) return progress ? `${progress.overall.label} (${Math.floor(100 * progress.overall.fraction)} %)` : 'Loading the model'
  if (answer?.query !== query) return 'Reading…'
  return answer.error ? answer.error.message : 'Best first.'
}
