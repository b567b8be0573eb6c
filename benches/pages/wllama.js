// wllama's createRerank() with the same GGUF as ours, one document after another, as it does internally.
import { LogLevel, Wllama } from '/engines/wllama/index.js'

let wllama

/** `keep`: loads by URL with wllama's own cache, as a page would. */
export async function load({ model, device, context, keep = false }) {
  wllama = new Wllama({ default: '/engines/wllama/wasm/wllama.wasm' }, { suppressNativeLog: true })
  const options = {
    embeddings: true,
    pooling_type: 'rank',
    n_threads: 1,
    n_parallel: 1,
    n_ctx: context,
    n_batch: context,
    n_ubatch: context,
    n_gpu_layers: device === 'cpu' ? 0 : undefined,
    log_level: LogLevel?.ERROR,
  }
  if (keep) await wllama.loadModelFromUrl({ url: model }, options)
  else await wllama.loadModel([await (await fetch(model)).blob()], options)
  return { device, threads: wllama.getNumThreads?.(), webgpu: wllama.isSupportWebGPU?.() }
}

export async function score({ query, documents }, onScore) {
  // One call per document, as createRerank does internally, to get the time of the first score.
  let tokens = 0
  for (let index = 0; index < documents.length; index++) {
    const { results, usage } = await wllama.createRerank({ query, documents: [documents[index]] })
    tokens += usage.total_tokens
    onScore(index, results[0].relevance_score)
  }
  return { usage: { total_tokens: tokens } }
}
