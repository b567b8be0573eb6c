// Who is measured, and how each is told to load a model.

/** Largest difference from Transformers on the same weights that is only arithmetic. */
const TOLERANCE = {
  // Float activations: only the order of sums differs.
  float: 2e-3,
  // wllama and onnxruntime-web round activations to 8 bits, wllama keeps keys and values in 16.
  rounded: 5e-2,
}
/** Documents of a workload that a peer is given where one takes seconds. Neither shares anything between documents, so
 * their time a document does not depend on how many there are. */
const FEW = 2

/** Every engine on every device for a model; `key` names it in results, `reference` the scores it must give. `most` is
 * how many documents it is given at most, `rounds` how many rounds at most; absent, it is given all. */
export function legsFor({ size, shape }, url, { engines, devices, gpu }) {
  const at = `${url}/models/${size}`
  // Without a GPU, WebGPU is a program on the CPU.
  const software = gpu ? {} : { most: FEW, rounds: 1 }
  const ours = (device, type) => ({
    engine: 'ours', device, key: `ours ${device} ${type}`, page: 'ours', reference: type, tolerance: TOLERANCE.float,
    options: { model: `${at}/gguf/hf-${type.toUpperCase()}.gguf`, device },
  })
  const ort = (device, execution, limits) => ({
    engine: 'ort', device, key: `onnxruntime-web ${execution} int4`, page: 'ort', reference: `ort-${device}`, tolerance: TOLERANCE.rounded,
    options: { device: execution, model: `${at}/ort-${device}`, head: `${at}/hf/head.bin`, shape }, ...(limits.most ? {} : { batches: [1, 4, 8] }), ...limits,
  })
  const wllama = (device, limits) => ({
    engine: 'wllama', device, key: `wllama ${device} q8_0`, page: 'wllama', reference: 'q8_0', tolerance: TOLERANCE.rounded,
    options: { model: `${at}/gguf/hf-Q8_0.gguf`, device, context: 1024 }, ...limits,
  })
  return [
    ours('cpu', 'q8_0'), ours('cpu', 'q4_0'), ort('cpu', 'wasm', {}), wllama('cpu', { most: FEW, rounds: 1 }),
    ours('webgpu', 'q8_0'), ours('webgpu', 'q4_0'), ort('webgpu', 'webgpu', software), wllama('webgpu', software),
  ].filter((leg) => engines.includes(leg.engine) && devices.includes(leg.device))
}

const ALL_ON = ['all on', []]
const JUDGED = ['sharing and packing off', ['sharedPrefix', 'packing']]
const SAVINGS = ['sharedPrefix', 'packing', 'lastLayerOnly']
const EACH = SAVINGS.map((name) => [`${name} off`, [name]])

/** Ours with one saving off after the other, and with all of them off; fewer settings where each would take minutes. */
export function savingsLegs({ size }, url, { devices, gpu, quick }) {
  const few = (device) => quick || (device === 'webgpu' && !gpu)
  const variants = (device) => [ALL_ON, ...(few(device) ? [] : EACH), JUDGED, ...(quick ? [] : [['all off', SAVINGS]])]
  return devices.flatMap((device) => variants(device).map(([label, names]) => ({
    engine: 'ours', device, key: `ours ${device} q8_0, ${label}`, label, page: 'ours', reference: 'q8_0', tolerance: TOLERANCE.float,
    options: { model: `${url}/models/${size}/gguf/hf-Q8_0.gguf`, device, savings: Object.fromEntries(names.map((name) => [name, false])) },
  })))
}
