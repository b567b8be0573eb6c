// The engines to measure and their options for loading a model.

/** Largest difference from Transformers with the same weights that is due to arithmetic alone. */
const TOLERANCE = {
  // f32 activations: only the order of sums differs.
  float: 2e-3,
  // wllama and onnxruntime-web round activations to 8 bits; wllama keeps keys and values in 16 bits.
  rounded: 5e-2,
}
/** Documents given to a peer that takes seconds for each. The peers share no work between documents, so their time per
 * document does not depend on the number. */
const FEW = 2

/** Peers have one thread on a page that is not cross-origin isolated, so ours has one worker; the part `pool` has several. */
const workers = 1

/** Every engine on every device for a model. `key` is its name in results, `reference` the scores to compare with, `most` and
 * `rounds` limit documents and rounds; without them it gets all. */
export function legsFor({ size, shape }, url, { engines, devices, gpu }) {
  const at = `${url}/models/${size}`
  // Without --gpu, WebGPU runs on a software adapter.
  const software = gpu ? {} : { most: FEW, rounds: 1 }
  const ours = (device, type) => ({
    engine: 'ours',
    device,
    key: `ours ${device} ${type}`,
    page: 'ours',
    reference: type,
    tolerance: TOLERANCE.float,
    options: { model: `${at}/gguf/hf-${type.toUpperCase()}.gguf`, device, workers },
  })
  const ort = (device, execution, limits) => ({
    engine: 'ort',
    device,
    key: `onnxruntime-web ${execution} int4`,
    page: 'ort',
    reference: `ort-${device}`,
    tolerance: TOLERANCE.rounded,
    options: { device: execution, model: `${at}/ort-${device}`, head: `${at}/hf/head.bin`, shape },
    ...(limits.most ? {} : { batches: [1, 4, 8] }),
    ...limits,
  })
  const wllama = (device, limits) => ({
    engine: 'wllama',
    device,
    key: `wllama ${device} q8_0`,
    page: 'wllama',
    reference: 'q8_0',
    tolerance: TOLERANCE.rounded,
    options: { model: `${at}/gguf/hf-Q8_0.gguf`, device, context: 1024 },
    ...limits,
  })
  return [
    ours('cpu', 'q8_0'),
    ours('cpu', 'q4_0'),
    ort('cpu', 'wasm', {}),
    wllama('cpu', { most: FEW, rounds: 1 }),
    ours('webgpu', 'q8_0'),
    ours('webgpu', 'q4_0'),
    ort('webgpu', 'webgpu', software),
    wllama('webgpu', software),
  ].filter((leg) => engines.includes(leg.engine) && devices.includes(leg.device))
}

const ALL_ON = ['all on', []]
const NO_SHARING = ['sharing and packing off', ['sharedPrefix', 'packing']]
const SAVINGS = ['sharedPrefix', 'packing', 'lastLayerOnly']
const EACH = SAVINGS.map((name) => [`${name} off`, [name]])

/** Ours with each saving off and with all of them off; fewer variants where each would take minutes. */
export function savingsLegs({ size }, url, { devices, gpu, quick }) {
  const few = (device) => quick || (device === 'webgpu' && !gpu)
  const variants = (device) => [ALL_ON, ...(few(device) ? [] : EACH), NO_SHARING, ...(quick ? [] : [['all off', SAVINGS]])]
  return devices.flatMap((device) =>
    variants(device).map(([label, names]) => ({
      engine: 'ours',
      device,
      key: `ours ${device} q8_0, ${label}`,
      label,
      page: 'ours',
      reference: 'q8_0',
      tolerance: TOLERANCE.float,
      options: { model: `${url}/models/${size}/gguf/hf-Q8_0.gguf`, device, workers, savings: Object.fromEntries(names.map((name) => [name, false])) },
    })),
  )
}
