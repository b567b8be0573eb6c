// secondpass with an encoder: the logits of pairs, which every engine of this comparison gives.
import { Reranker } from '/engines/ours/index.js'

let reranker

export async function load(options) {
  reranker = await Reranker.load(options)
  if (reranker.info.device !== options.device) throw new Error(`it loaded on ${reranker.info.device}, not on ${options.device}`)
  return reranker.info
}

export async function score({ query, documents }, onScore) {
  const { results, usage, meta } = await reranker.rerank({ query, documents })
  for (const { index, logit } of results) onScore(index, logit)
  return { usage, meta }
}
