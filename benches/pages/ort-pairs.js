// onnxruntime-web with an encoder. It gets token ids, so its times exclude tokenization.
let ort, session

/** `device` is webgpu or wasm; `model` an ONNX file that gives logits. */
export async function load({ device, model }) {
  ort = await import(`/engines/ort/ort.${device}.bundle.min.mjs`)
  ort.env.wasm.numThreads = 1
  ort.env.logLevel = 'error'
  session = await ort.InferenceSession.create(model, { executionProviders: [device], graphOptimizationLevel: 'all' })
  return { device, inputs: session.inputNames.length }
}

/** In batches of `batch` pairs of similar length, padded at the end. */
export async function score({ ids, types }, onScore, { batch = 1 } = {}) {
  const order = ids.map((_, index) => index).sort((a, b) => ids[a].length - ids[b].length)
  for (let at = 0; at < order.length; at += batch) {
    const indices = order.slice(at, at + batch)
    const logits = await logitsOf(
      indices.map((index) => ids[index]),
      indices.map((index) => types[index]),
    )
    indices.forEach((index, i) => onScore(index, logits[i]))
  }
  return { batch }
}

async function logitsOf(ids, types) {
  const length = Math.max(...ids.map((each) => each.length))
  const padded = (rows, fill) => {
    const data = new BigInt64Array(rows.length * length)
    rows.forEach((row, r) => row.forEach((value, i) => (data[r * length + i] = BigInt(fill(value)))))
    return new ort.Tensor('int64', data, [rows.length, length])
  }
  const all = { input_ids: padded(ids, (id) => id), attention_mask: padded(ids, () => 1), token_type_ids: padded(types, (type) => type) }
  const feeds = Object.fromEntries(session.inputNames.map((name) => [name, all[name]]))
  const { logits } = await session.run(feeds)
  const data = await logits.getData()
  const values = ids.map((_, row) => data[row])
  logits.dispose()
  return values
}
