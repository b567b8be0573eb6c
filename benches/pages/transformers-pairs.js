// transformers.js, as its own documentation reranks: all pairs tokenized and padded together, one pass.
import { AutoModelForSequenceClassification, AutoTokenizer, env } from '/engines/transformers/dist/transformers.web.min.js'

let model, tokenizer

/** `model` is a folder of this server; `device` is webgpu or wasm; `dtype` one of the library's names. */
export async function load({ device, dtype, model: folder }) {
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.localModelPath = new URL('.', folder.replace(/\/$/, '')).pathname
  env.backends.onnx.wasm.numThreads = 1
  env.backends.onnx.wasm.wasmPaths = '/engines/transformers-ort/'
  const name = folder.replace(/\/$/, '').split('/').pop()
  tokenizer = await AutoTokenizer.from_pretrained(name)
  model = await AutoModelForSequenceClassification.from_pretrained(name, { device, dtype })
  return { device }
}

export async function score({ query, documents }, onScore) {
  const inputs = tokenizer(Array(documents.length).fill(query), { text_pair: documents, padding: true, truncation: true })
  const { logits } = await model(inputs)
  logits.tolist().forEach(([logit], index) => onScore(index, logit))
  return {}
}
