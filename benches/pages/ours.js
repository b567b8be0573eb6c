import { Reranker } from '/engines/ours/index.js'

let reranker

export async function load(options) {
  reranker = await Reranker.load(options)
  return reranker.info
}

export async function score({ query, documents }, onScore) {
  const { usage, meta } = await reranker.rerank({ query, documents }, { onResult: ({ index, relevance_score }) => onScore(index, relevance_score) })
  return { usage, meta }
}
