// For tests of a reranker and an embedder of the same files: both loaded, and what both answer.
import * as pool from '/pages/pool.js'

export { pool }

/** Loads both at the same time, or in the order of `types`. */
export async function loadBoth(options, { types = [], controls = {} } = {}) {
  const load = (type) => secondpass[type].load(options, controls[type])
  const loaded = types.length === 0 ? await Promise.all(['Reranker', 'Embedder'].map(load)) : [await load(types[0]), await load(types[1])]
  return types[0] === 'Embedder' ? { embedder: loaded[0], reranker: loaded[1] } : { reranker: loaded[0], embedder: loaded[1] }
}

/** What both answer to the same requests as ever, to the last bit. */
export async function answersOf({ reranker, embedder }, { rerank, embed }) {
  const { results } = await reranker.rerank(rerank)
  const { data } = await embedder.embed(embed)
  return { scores: results.map(({ index, logit }) => [index, logit]), vectors: data.map(({ embedding }) => embedding) }
}

/** What an info says of the model, and not of the moment. */
export const lastingInfo = ({ wasm_bytes: _, files: __, ...info }) => info
