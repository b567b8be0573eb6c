// A random BERT that is wide enough to be work for a GPU, made from the small one of the fixtures.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/lib.mjs'

const FIXTURE = join(ROOT, 'tests', 'fixtures', 'encoder', 'bert')
const read = (name) => readFileSync(join(FIXTURE, name))

const POSITIONS = 512
const HEAD = 64
/** Small, so that no layer saturates. */
const RANGE = 0.08

function tensors(bytes) {
  const { __metadata__, ...header } = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))))
  return Object.entries(header).filter(([name]) => !/layer\.[2-9]\./.test(name))
}

/** Knuth's multiplicative hash: the same numbers in every run. */
const noise = (i) => (Math.imul(i + 1, 2654435761) >>> 0) / 2 ** 32 - 0.5

/** The files of a model of two layers, by their names: of the last one only the rows that the head reads are computed. */
export function wideModel(hidden) {
  const old = JSON.parse(read('config.json'))
  const intermediate = 4 * hidden
  const sizes = { [old.hidden_size]: hidden, [old.intermediate_size]: intermediate, [old.max_position_embeddings]: POSITIONS }
  const header = {}
  const data = []
  let end = 0
  for (const [name, { shape }] of tensors(read('model.safetensors'))) {
    const wide = shape.map((size) => sizes[size] ?? size)
    const values = Float32Array.from({ length: wide.reduce((a, b) => a * b) }, (_, i) => (name.endsWith('LayerNorm.weight') ? 1 : RANGE * noise(i)))
    header[name] = { dtype: 'F32', shape: wide, data_offsets: [end, (end += values.byteLength)] }
    data.push(Buffer.from(values.buffer))
  }
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const config = {
    ...old,
    hidden_size: hidden,
    num_hidden_layers: 2,
    num_attention_heads: hidden / HEAD,
    intermediate_size: intermediate,
    max_position_embeddings: POSITIONS,
  }
  const small = Object.fromEntries(['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'].map((name) => [name, read(name)]))
  return { ...small, 'config.json': Buffer.from(JSON.stringify(config)), 'model.safetensors': Buffer.concat([length, json, ...data]) }
}
