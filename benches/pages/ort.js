// onnxruntime-web with an ONNX of its own model builder. It gets token ids, so its times exclude tokenization.
let ort, session, layers, rows, hidden

/** `device` is webgpu or wasm; `head` holds the rows of "yes" and "no", since the ONNX ends at the last hidden state. */
export async function load({ device, model, head, shape }) {
  ort = await import(`/engines/ort/ort.${device}.bundle.min.mjs`)
  ort.env.wasm.numThreads = 1
  ort.env.logLevel = 'error'
  layers = shape
  hidden = shape.hidden_size
  rows = new Float32Array(await (await fetch(head)).arrayBuffer())
  session = await ort.InferenceSession.create(`${model}/model.onnx`, {
    executionProviders: [device],
    externalData: [{ path: 'model.onnx.data', data: `${model}/model.onnx.data` }],
    graphOptimizationLevel: 'all',
  })
  return { device, inputs: session.inputNames.length }
}

/** In batches of `batch` documents of similar length, padded at the end. */
export async function score({ ids }, onScore, { batch = 1 } = {}) {
  const order = ids.map((_, index) => index).sort((a, b) => ids[a].length - ids[b].length)
  for (let at = 0; at < order.length; at += batch) {
    const indices = order.slice(at, at + batch)
    const scores = await scoreBatch(indices.map((index) => ids[index]))
    indices.forEach((index, i) => onScore(index, scores[i]))
  }
  return { batch }
}

async function scoreBatch(prompts) {
  const count = prompts.length
  const length = Math.max(...prompts.map((ids) => ids.length))
  const input = new BigInt64Array(count * length)
  const mask = new BigInt64Array(count * length)
  prompts.forEach((ids, row) =>
    ids.forEach((id, i) => {
      input[row * length + i] = BigInt(id)
      mask[row * length + i] = 1n
    }),
  )
  const feeds = {
    input_ids: new ort.Tensor('int64', input, [count, length]),
    attention_mask: new ort.Tensor('int64', mask, [count, length]),
  }
  for (let layer = 0; layer < layers.num_hidden_layers; layer++) {
    for (const part of ['key', 'value']) {
      feeds[`past_key_values.${layer}.${part}`] = new ort.Tensor('float32', new Float32Array(0), [count, layers.num_key_value_heads, 0, layers.head_dim])
    }
  }
  // Fetches only the hidden states; keys and values stay on the device.
  const { hidden_states: states } = await session.run(feeds, ['hidden_states'])
  const data = await states.getData()
  const scores = prompts.map((ids, row) => probability(data.subarray((row * length + ids.length - 1) * hidden, (row * length + ids.length) * hidden)))
  states.dispose()
  return scores
}

/** The probability of "yes" against "no". */
function probability(state) {
  let yes = 0
  let no = 0
  for (let i = 0; i < hidden; i++) {
    yes += state[i] * rows[i]
    no += state[i] * rows[hidden + i]
  }
  return 1 / (1 + Math.exp(no - yes))
}
