import { Reranker } from '/engines/ours/index.js'

let reranker

export async function load(options) {
  reranker = await Reranker.load(options)
  if (reranker.info.device !== options.device) throw new Error(`it loaded on ${reranker.info.device}, not on ${options.device}`)
  return reranker.info
}

export async function score({ query, documents }, onScore) {
  let reported = 0
  const onResult = ({ index, relevance_score }) => {
    reported++
    onScore(index, relevance_score)
  }
  const { results, usage, meta } = await reranker.rerank({ query, documents }, { onResult })
  if (reported !== results.length) throw new Error(`onResult was called ${reported} times for ${results.length} results`)
  return { usage, meta }
}
