import { Reranker } from '/secondpass/index.js'
import { SearchIndex } from '/secondpass/search/index.js'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'

const form = document.querySelector('form')
const status = document.querySelector('[role=status]')
const list = document.querySelector('ol')

/** Called at the first search that is reranked; after a failure the next one tries again. */
const reranker = () =>
  Reranker.load({ model: MODEL }, { onProgress: ({ overall }) => (status.textContent = `${overall.label} (${Math.floor(100 * overall.fraction)} %)`) })

const opened = open()

async function open() {
  const index = await SearchIndex.open('docs', { fields: { title: 2, text: 1 }, id: 'url', reranker })
  // Without a network the stored index is used. One that has not changed is not read again.
  await index.import('/search.sp').catch((error) => console.warn(error.message))
  return index
}

function show({ results }) {
  list.replaceChildren(
    ...results.map(({ document: page, scores }) => {
      const link = document.createElement('a')
      link.href = page.url
      link.textContent = page.title
      const item = document.createElement('li')
      item.append(link)
      if (scores.reranked !== undefined) item.append(` (${scores.reranked.toFixed(3)})`)
      return item
    }),
  )
}

/** A search aborts the one before it. */
async function search(options) {
  try {
    const index = await opened
    return await index.search(form.elements.query.value, { onStage: show, ...options })
  } catch (error) {
    if (error.name !== 'AbortError') status.textContent = error.message
  }
}

form.addEventListener('input', () => search({ rerank: false }))

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const found = await search()
  if (!found) return
  const failed = found.stages.find(({ state }) => state === 'failed')
  status.textContent = failed ? failed.error.message : found.results.length > 0 ? 'Best first.' : 'Nothing found.'
})
