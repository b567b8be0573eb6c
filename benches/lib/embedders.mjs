// The part `embed`: vectors of 256 texts by an embedding model of MiniLM's shape, beside onnxruntime-web and transformers.js.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { step } from '../../scripts/lib.mjs'
import { limited, PRECISIONS, peerLimits } from './encoders.mjs'
import { measure } from './measure.mjs'
import { makeEmbedder } from './models.mjs'
import { say } from './say.mjs'
import { summarize } from './summary.mjs'

const SHAPE = 'minilm-l6'
/** Vectors have length one. A difference of this length, which the product with ones and minus ones shows, is a cosine of 0.999: what
 * weights in 8 bits may change. */
const TOLERANCE = 0.045

/** Measures it, and prints its tables with `print`. */
export async function measureEmbedders(python, url, options, print) {
  const folder = makeEmbedder(python, SHAPE)
  const read = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const workloads = read('workloads.json').map((workload) => limited(workload, options.pairs))
  step(`${SHAPE}: embeddings`)
  const results = await measure(url, legsOf(url, options), workloads, { ...options, say })
  const legs = results.map((result) => summarize(result, { float32: read('reference.json') }))
  print(`${SHAPE}, vectors`, legs)
  return [{ shape: SHAPE, legs }]
}

function legsOf(url, options) {
  const { engines, devices } = options
  const at = `${url}/models/embed-${SHAPE}`
  const leg = (engine, device, key, page, settings, more = {}) => ({
    engine,
    device,
    key,
    page,
    reference: 'float32',
    tolerance: TOLERANCE,
    options: settings,
    ...more,
  })
  const legs = []
  for (const device of ['cpu', 'webgpu']) {
    const execution = device === 'cpu' ? 'wasm' : 'webgpu'
    const { limits, batches } = peerLimits(device, options)
    legs.push(leg('ours', device, `ours ${device} q8_0`, 'ours-vectors', { model: `${at}/gguf/hf-Q8_0.gguf`, device, workers: 1 }))
    for (const { file, dtype, label } of PRECISIONS) {
      const settings = { device: execution, model: `${at}/onnx/${file}.onnx` }
      legs.push(leg('ort', device, `onnxruntime-web ${execution} ${label}`, 'ort-vectors', settings, { ...batches, ...limits }))
      const folder = { device: execution, dtype, model: `${at}/` }
      legs.push(leg('transformers', device, `transformers.js ${execution} ${label}`, 'transformers-vectors', folder, limits))
    }
  }
  const wanted = (engine) => engines.includes(engine === 'transformers' ? 'ort' : engine)
  return legs.filter((each) => wanted(each.engine) && devices.includes(each.device))
}
