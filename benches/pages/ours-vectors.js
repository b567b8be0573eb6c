// secondpass with an embedding model.
import { Embedder } from '/engines/ours/index.js'
import { productOf } from './vector.js'

let embedder

export async function load(options) {
  embedder = await Embedder.load(options)
  if (embedder.info.device !== options.device) throw new Error(`it loaded on ${embedder.info.device}, not on ${options.device}`)
  return embedder.info
}

export async function score({ documents }, onScore) {
  const { usage } = await embedder.embed({ input: documents }, { onResult: ({ index, embedding }) => onScore(index, productOf(embedding)) })
  return { usage }
}
