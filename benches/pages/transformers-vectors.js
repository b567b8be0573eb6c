// transformers.js, as its own documentation embeds: a pipeline with mean pooling, all texts padded together in batches of 32.
import { env, pipeline } from '/engines/transformers/dist/transformers.web.min.js'
import { productOf } from './vector.js'

const BATCH = 32
let extractor

/** `model` is a folder of this server; `device` is webgpu or wasm; `dtype` one of the library's names. */
export async function load({ device, dtype, model: folder }) {
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.localModelPath = new URL('.', folder.replace(/\/$/, '')).pathname
  env.backends.onnx.wasm.numThreads = 1
  env.backends.onnx.wasm.wasmPaths = '/engines/transformers-ort/'
  extractor = await pipeline('feature-extraction', folder.replace(/\/$/, '').split('/').pop(), { device, dtype })
  return { device }
}

export async function score({ documents }, onScore) {
  for (let at = 0; at < documents.length; at += BATCH) {
    const rows = await extractor(documents.slice(at, at + BATCH), { pooling: 'mean', normalize: true })
    rows.tolist().forEach((vector, i) => onScore(at + i, productOf(vector)))
  }
  return {}
}
