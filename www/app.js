// The demo: a form, a model in its worker, results that find their place as their scores arrive.
import { Reranker } from './secondpass/index.js'

const $ = (id) => document.getElementById(id)
let loaded // { key, reranker }
let running // AbortController

$('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  if (running) return
  running = new AbortController()
  $('run').disabled = true
  $('cancel').disabled = false
  try {
    await run(running.signal)
  } catch (error) {
    const aborted = error.name === 'AbortError'
    say(aborted ? 'Cancelled.' : error.message, !aborted)
  } finally {
    running = undefined
    $('run').disabled = false
    $('cancel').disabled = true
    $('progress').hidden = true
  }
})
$('cancel').addEventListener('click', () => running?.abort())

async function run(signal) {
  const documents = $('documents').value.split('\n').filter((line) => line.trim() !== '')
  const scores = new Map()
  show(documents, scores)
  const reranker = await model(signal)
  say('Reading…')
  const response = await reranker.rerank({ query: $('query').value, documents }, {
    signal,
    onResult: ({ index, relevance_score }) => show(documents, scores.set(index, relevance_score)),
  })
  const { info } = reranker
  const where = info.device === 'cpu' ? 'the CPU' : `${info.adapter.name || 'an unnamed adapter'} (WebGPU${info.adapter.fallback ? ', software: not a GPU' : ''})`
  const { timings, warnings } = response.meta
  say([`${response.results.length} documents, ${response.usage.total_tokens} tokens in ${timings.total_ms.toFixed(0)} ms on ${where}.`, ...warnings].join(' '))
}

async function model(signal) {
  const options = { model: new URL($('model').value, document.baseURI).href, device: $('device').value }
  const key = JSON.stringify(options)
  if (loaded?.key === key) return loaded.reranker
  loaded?.reranker.dispose()
  loaded = undefined
  say('Loading the model…')
  const reranker = await Reranker.load(options, { signal, onProgress: progress })
  loaded = { key, reranker }
  $('progress').hidden = true
  return reranker
}

const STAGES = { download: 'Downloading', upload: 'Moving the weights to the device', compile: 'Warming up' }
function progress({ stage, loaded, total, file }) {
  $('progress').hidden = false
  $('progress').value = total > 0 ? loaded / total : 0
  say(`${STAGES[stage]}${file ? ` ${file}` : ''}…`)
}

function say(text, error = false) {
  $('status').textContent = text
  $('status').classList.toggle('error', error)
}

/** Scored documents first, best on top; the others wait in their given order. */
function show(documents, scores) {
  const order = documents.map((_, i) => i).sort((a, b) => (scores.get(b) ?? -1) - (scores.get(a) ?? -1) || a - b)
  $('results').replaceChildren(...order.map((i) => {
    const item = document.createElement('li')
    const score = document.createElement('b')
    score.textContent = scores.get(i)?.toFixed(4) ?? '…'
    const text = document.createElement('span')
    text.textContent = documents[i]
    item.append(score, text)
    return item
  }))
}
