import MiniSearch from 'minisearch'
import { Reranker, rerankHits } from 'secondpass'
import articles from './articles.json'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'

const index = new MiniSearch({ fields: ['title', 'body'], storeFields: ['title', 'body'], searchOptions: { prefix: true, fuzzy: 0.2 } })
index.addAll(articles)

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
      const item = document.createElement('li')
      item.textContent = hit.title
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
  const hits = index.search(query)
  // The order of the keyword search, until there is a better one.
  show(hits.map((hit) => ({ hit })))
  status.textContent = hits.length > 0 ? 'Keyword order.' : 'Nothing found.'
  if (hits.length === 0) return
  try {
    const reranker = await load()
    let read = 0
    const onResult = () => (status.textContent = `Read ${++read} of ${hits.length}`)
    show(await rerankHits(reranker, hits, { query, text: ['title', 'body'], signal, onResult }))
    status.textContent = 'Best first.'
  } catch (error) {
    if (!signal.aborted) status.textContent = error.message
  }
})
