import { CohereClientV2 } from 'cohere-ai'
import { Reranker } from 'secondpass'
import { createRerankHandler } from 'secondpass/http'

const MODEL = 'https://huggingface.co/ggml-org/Qwen3-Reranker-0.6B-Q8_0-GGUF/resolve/main/qwen3-reranker-0.6b-q8_0.gguf'

/**
 * A client whose requests are answered in this page. The model is loaded first, for the client would stop waiting for an answer
 * that needs a long download.
 */
export async function createClient(onProgress) {
  const handler = createRerankHandler(await Reranker.load({ model: MODEL }, { onProgress }))
  return new CohereClientV2({ token: 'none', fetch: (input, init) => handler(new Request(input, init)) })
}
