// onnxruntime-web with an embedding model. It gets token ids, so its times exclude tokenization; pooling is done here.
import { pooled, productOf } from './vector.js'

let ort, session

/** `device` is webgpu or wasm; `model` an ONNX file that gives the last hidden states. */
export async function load({ device, model }) {
  ort = await import(`/engines/ort/ort.${device}.bundle.min.mjs`)
  ort.env.wasm.numThreads = 1
  ort.env.logLevel = 'error'
  session = await ort.InferenceSession.create(model, { executionProviders: [device], graphOptimizationLevel: 'all' })
  return { device }
}

/** In batches of `batch` texts of similar length, padded at the end. */
export async function score({ ids }, onScore, { batch = 1 } = {}) {
  const order = ids.map((_, index) => index).sort((a, b) => ids[a].length - ids[b].length)
  for (let at = 0; at < order.length; at += batch) {
    const indices = order.slice(at, at + batch)
    const length = Math.max(...indices.map((index) => ids[index].length))
    const tensor = (value) => {
      const data = new BigInt64Array(indices.length * length)
      indices.forEach((index, row) => ids[index].forEach((id, i) => (data[row * length + i] = BigInt(value(id)))))
      return new ort.Tensor('int64', data, [indices.length, length])
    }
    const output = await session.run({ input_ids: tensor((id) => id), attention_mask: tensor(() => 1), token_type_ids: tensor(() => 0) })
    const { logits: hidden } = output
    const data = await hidden.getData()
    indices.forEach((index, row) => onScore(index, productOf(pooled(data, row, length, hidden.dims[2], ids[index].length))))
    hidden.dispose()
  }
  return { batch }
}
