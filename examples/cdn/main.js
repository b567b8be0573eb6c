import { Reranker } from 'https://cdn.jsdelivr.net/npm/secondpass@0.1.0/dist/index.js'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'

const documents = ['Paris is in France.', 'Jupiter is large.', 'Mars is red.', 'Saturn has rings.']

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

function show(results) {
  list.replaceChildren(
    ...results.map(({ index, relevance_score }) => {
      const item = document.createElement('li')
      item.textContent = documents[index]
      if (relevance_score !== undefined) item.append(` (${relevance_score.toFixed(3)})`)
      return item
    }),
  )
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const button = form.querySelector('button')
  button.disabled = true
  try {
    const reranker = await load()
    status.textContent = 'Reading…'
    const { results } = await reranker.rerank({ query: form.elements.query.value, documents })
    show(results)
    status.textContent = 'Best first.'
  } catch (error) {
    status.textContent = error.message
  } finally {
    button.disabled = false
  }
})

show(documents.map((_, index) => ({ index })))
