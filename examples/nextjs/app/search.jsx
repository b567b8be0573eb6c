'use client'
import { useEffect, useRef, useState } from 'react'
import { Reranker, rerankHits } from 'secondpass'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'

export function Search({ recipes }) {
  const [ranked, setRanked] = useState(recipes.map((hit) => ({ hit })))
  const [status, setStatus] = useState('')
  const [busy, setBusy] = useState(false)
  const loading = useRef(undefined)

  /** Loads the model at the first call. After a failure the next call tries again. */
  function load() {
    loading.current ??= Reranker.load(
      // Where the device cannot run the model, the recipes and the query go to our own server.
      { model: MODEL, fallback: () => Reranker.remote({ url: '/api/rerank' }) },
      { onProgress: ({ overall }) => setStatus(`${overall.label} (${Math.floor(100 * overall.fraction)} %)`) },
    ).catch((error) => {
      loading.current = undefined
      throw error
    })
    return loading.current
  }

  // The worker and its memory are freed with the component.
  useEffect(
    () => () => {
      loading.current?.then((reranker) => reranker.dispose()).catch(() => {})
      loading.current = undefined
    },
    [],
  )

  async function search(event) {
    event.preventDefault()
    const query = new FormData(event.currentTarget).get('query')
    setBusy(true)
    try {
      const reranker = await load()
      setStatus('Reading…')
      setRanked(await rerankHits(reranker, recipes, { query, text: ['title', 'text'] }))
      setStatus('Best first.')
    } catch (error) {
      setStatus(error.message)
    } finally {
      setBusy(false)
    }
  }

  return (
    <main>
      <form onSubmit={search}>
        <input type="search" name="query" defaultValue="a quick dinner from leftovers" aria-label="Search" required />
        <button type="submit" disabled={busy}>
          Search
        </button>
      </form>
      <p role="status">{status}</p>
      <ol>
        {ranked.map(({ hit, score }) => (
          <li key={hit.id}>
            {hit.title}
            {score !== undefined && ` (${score.toFixed(3)})`}
          </li>
        ))}
      </ol>
    </main>
  )
}
