import * as pagefind from '/pagefind/pagefind.js'
import { Reranker, rerankHits } from '/secondpass/index.js'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'
/** How many of Pagefind's results are opened and read. */
const LIMIT = 20

const form = document.querySelector('form')
const status = document.querySelector('[role=status]')
const list = document.querySelector('ol')

let loading

/** Loads the model at the first call. After a failure the next call tries again. */
function load() {
  loading ??= Reranker.load(
    { model: MODEL },
    { onProgress: ({ overall }) => (status.textContent = `${overall.label} (${Math.floor(100 * overall.fraction)} %)`) },
  ).catch((error) => {
    loading = undefined
    throw error
  })
  return loading
}

function show(ranked) {
  list.replaceChildren(
    ...ranked.map(({ hit, score }) => {
      const link = document.createElement('a')
      link.href = hit.url
      link.textContent = hit.meta.title
      const item = document.createElement('li')
      item.append(link)
      if (score !== undefined) item.append(` (${score.toFixed(3)})`)
      return item
    }),
  )
}

let search = new AbortController()

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  search.abort()
  search = new AbortController()
  const { signal } = search
  const query = form.elements.query.value
  try {
    const { results } = await pagefind.search(query)
    const hits = await Promise.all(results.slice(0, LIMIT).map((result) => result.data()))
    signal.throwIfAborted()
    // Pagefind's own order, until there is a better one.
    show(hits.map((hit) => ({ hit })))
    status.textContent = hits.length > 0 ? "Pagefind's order." : 'Nothing found.'
    if (hits.length === 0) return
    const reranker = await load()
    status.textContent = 'Reading…'
    show(await rerankHits(reranker, hits, { query, text: 'content', signal }))
    status.textContent = 'Best first.'
  } catch (error) {
    if (!signal.aborted) status.textContent = error.message
  }
})
