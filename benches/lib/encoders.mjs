// The part `encoders`: rerankers of the shapes that pages load, beside onnxruntime-web in every precision that is published
// for it, and beside transformers.js as its documentation uses it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { step } from '../../scripts/lib.mjs'
import { measure } from './measure.mjs'
import { makeEncoder } from './models.mjs'
import { say } from './say.mjs'
import { summarize } from './summary.mjs'

export const ENCODER_SHAPES = ['ettin-17m', 'minilm-l6', 'ettin-68m']

/** Largest difference of a logit from Transformers in float32 that is due to arithmetic alone. All engines are compared with the
 * same logits: what a quantized form changes is part of it. */
const TOLERANCE = 1e-3

/** The files that are published for onnxruntime-web, by the names that transformers.js gives them. */
export const PRECISIONS = [
  { file: 'model', dtype: 'fp32', label: 'float32' },
  { file: 'model_quantized', dtype: 'q8', label: 'dynamic int8' },
  { file: 'model_q4', dtype: 'q4', label: '4-bit' },
]

/** Pairs given to a peer on a software adapter, which takes seconds for each. */
const FEW = 2

/** Measures each shape, and prints its tables with `print`. */
export async function measureEncoders(python, url, options, print) {
  const rows = []
  for (const shape of options.encoders) {
    const folder = makeEncoder(python, shape)
    const read = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const workloads = read('workloads.json').map((workload) => limited(workload, options.pairs))
    step(`${shape}: encoders`)
    const results = await measure(url, legsOf(shape, url, options), workloads, { ...options, say })
    const legs = results.map((result) => summarize(result, { float32: read('reference.json') }))
    rows.push({ shape, legs })
    print(shape, legs)
  }
  return rows
}

/** The first pairs of a workload, for a test of the benchmark itself. */
export function limited(workload, pairs) {
  if (!pairs || workload.documents.length <= pairs) return workload
  return { ...workload, documents: workload.documents.slice(0, pairs), ids: workload.ids.slice(0, pairs), types: workload.types.slice(0, pairs) }
}

/** How many documents peers get on a device, and the sizes of batches that are tried for them. */
export function peerLimits(device, { gpu }) {
  const limits = device === 'webgpu' && !gpu ? { most: FEW, rounds: 1 } : {}
  return { limits, batches: limits.most ? {} : { batches: [1, 4, 8] } }
}

function legsOf(shape, url, { engines, devices, gpu }) {
  const at = `${url}/models/${shape}`
  const leg = (engine, device, label, page, options, more = {}) => ({
    engine,
    device,
    key: label,
    page,
    reference: 'float32',
    tolerance: TOLERANCE,
    options,
    ...more,
  })
  const legs = []
  for (const device of ['cpu', 'webgpu']) {
    const execution = device === 'cpu' ? 'wasm' : 'webgpu'
    const { limits, batches } = peerLimits(device, { gpu })
    legs.push(leg('ours', device, `ours ${device} q8_0`, 'ours-pairs', { model: `${at}/gguf/hf-Q8_0.gguf`, device }))
    for (const { file, dtype, label } of PRECISIONS) {
      const model = `${at}/onnx/${file}.onnx`
      legs.push(leg('ort', device, `onnxruntime-web ${execution} ${label}`, 'ort-pairs', { device: execution, model }, { ...batches, ...limits }))
      legs.push(
        leg('transformers', device, `transformers.js ${execution} ${label}`, 'transformers-pairs', { device: execution, dtype, model: `${at}/` }, limits),
      )
    }
  }
  const wanted = (engine) => engines.includes(engine === 'transformers' ? 'ort' : engine)
  return legs.filter((leg) => wanted(leg.engine) && devices.includes(leg.device))
}
