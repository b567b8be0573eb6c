// Requests to a pool of workers. Every text is new, so that nothing is computed before.
import { Reranker } from '/engines/ours/index.js'

const SUBJECTS = ['The river', 'A small engine', 'Our library', 'The old harbour', 'Each winter storm', 'The committee', 'The northern railway']
const VERBS = ['carries', 'explains', 'replaced', 'measures', 'protects', 'reached', 'describes', 'follows', 'supports']
const OBJECTS = ['the valley below', 'several thousand visitors', 'a record of rainfall', 'the price of copper', 'two rival theories', 'the shape of the coast']
/** Words of these sentences are about as many tokens. */
const TOKENS_PER_WORD = 1.02
/** Search results differ in length. */
const SPREAD = 0.3

/** Documents, and tokens of each on average. */
const WORKLOADS = [
  { name: '32x160', documents: 32, tokens: 160 },
  { name: '1x2000', documents: 1, tokens: 2000 },
  { name: '2x160', documents: 2, tokens: 160 },
]

export async function measure({ model, workers, round }) {
  const reranker = await Reranker.load({ model, device: 'cpu', workers })
  if (reranker.info.workers !== workers) throw new Error(`${reranker.info.workers} of ${workers} workers are there`)
  // The first requests find the size of submissions that suits the machine.
  await reranker.rerank(request('warm up', { documents: 4 * workers, tokens: 160 }, round))
  const measured = []
  for (const workload of WORKLOADS) {
    const body = request(`${workload.name} in round ${round} with ${workers}`, workload, round)
    const start = performance.now()
    const { results, usage } = await reranker.rerank(body)
    measured.push({ name: workload.name, ms: performance.now() - start, tokens: usage.prompt_tokens })
    if (results.length !== workload.documents) throw new Error(`${results.length} of ${workload.documents} documents were scored`)
  }
  const { wasm_bytes } = reranker.info
  reranker.dispose()
  return { workloads: measured, wasm_bytes }
}

export function request(query, { documents, tokens }, seed) {
  const texts = Array.from({ length: documents }, (_, i) => {
    const share = documents > 1 ? (2 * ((i * 7) % documents)) / (documents - 1) - 1 : 0
    return text(Math.round((tokens * (1 + SPREAD * share)) / TOKENS_PER_WORD), seed * 1000 + i)
  })
  return { query: `${query}: ${text(50, seed)}`, documents: texts }
}

function text(words, seed) {
  const of = (list, n) => list[(Math.imul(seed * 31 + n, 2654435761) >>> 8) % list.length]
  const list = []
  for (let n = 0; list.length < words; n += 3) list.push(...`${of(SUBJECTS, n)} ${of(VERBS, n + 1)} ${of(OBJECTS, n + 2)}.`.split(' '))
  return list.slice(0, words).join(' ')
}
