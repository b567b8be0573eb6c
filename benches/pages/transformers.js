// transformers.js, as its users run a Qwen3-Reranker: the causal model, and "yes" against "no" in the last logits.
import { AutoModelForCausalLM, AutoTokenizer, env, Tensor } from '/engines/transformers/dist/transformers.web.min.js'

const [YES, NO] = [9693, 2152]
let model, shape

/** `model` is a folder of this server; `device` is webgpu or wasm. */
export async function load({ device, model: folder }) {
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.localModelPath = new URL('.', folder.replace(/\/$/, '')).pathname
  env.backends.onnx.wasm.numThreads = 1
  env.backends.onnx.wasm.wasmPaths = '/engines/transformers-ort/'
  const name = folder.replace(/\/$/, '').split('/').pop()
  // Loading includes the tokenizer, as ours does.
  await AutoTokenizer.from_pretrained(name)
  shape = await (await fetch(`${folder}config.json`)).json()
  model = await AutoModelForCausalLM.from_pretrained(name, { device, dtype: 'q4' })
  return { device }
}

/** Empty past keys and values; the library's own have a wrong head size for this model. */
function emptyPast() {
  const dims = [1, shape.num_key_value_heads, 0, shape.head_dim]
  const layers = Array.from({ length: shape.num_hidden_layers }, (_, layer) => layer)
  return Object.fromEntries(
    layers.flatMap((layer) => ['key', 'value'].map((part) => [`past_key_values.${layer}.${part}`, new Tensor('float32', new Float32Array(0), dims)])),
  )
}

/** Uses the workload's token ids, so that every engine reads the same prompt. */
export async function score({ ids }, onScore) {
  for (const [index, prompt] of ids.entries()) {
    const shape = [1, prompt.length]
    const input_ids = new Tensor('int64', BigInt64Array.from(prompt, BigInt), shape)
    const attention_mask = new Tensor('int64', new BigInt64Array(prompt.length).fill(1n), shape)
    const { logits } = await model({ input_ids, attention_mask, past_key_values: emptyPast() })
    const last = (await logits.slice(null, -1, null)).data
    onScore(index, 1 / (1 + Math.exp(last[NO] - last[YES])))
  }
}
