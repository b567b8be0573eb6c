// Throughput of single shaders on this adapter, and of two probes that only compute or only copy.
// The development module: what is published does not export its shaders.
import init, { shader_texts } from '/engines/ours-dev/secondpass.js'

/** The least duration of a sample, so that the overhead of a submission is negligible. */
const LEAST_MS = 40
const SAMPLES = 5
const HEAD = 128
const INVOCATIONS = 64

/** Some devices emulate fma() slowly, others fuse only an explicit fma(): the faster form is the probe. */
const FORMS = ['fma(A, b, b)', 'A * b + b']
const eight = (line) => Array.from({ length: 8 }, (_, i) => line(`a${i}`, i)).join(' ')
const computeText = (form) => `
@group(0) @binding(0) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> dims: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let b = vec4<f32>(f32(id.x) * 1e-9 + 0.999);
  ${eight((a, i) => `var ${a} = vec4<f32>(${i}.0);`)}
  for (var round = 0u; round < dims[0]; round++) {
    ${eight((a) => `${a} = ${form.replace('A', a)};`)}
  }
  y[id.x] = a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7;
}`
const FLOP_A_ROUND = 8 * 4 * 2

const MEMORY = `
@group(0) @binding(0) var<storage, read_write> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> dims: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let at = id.y * groups.x * 64u + id.x;
  if (at < dims[0]) { y[at] = x[at]; }
}`

let device

/** Measures the probes and all our shaders, with smaller sizes on a `software` adapter. */
export async function measure({ software }) {
  await init({ module_or_path: '/engines/ours-dev/secondpass_bg.wasm' })
  const adapter = await navigator.gpu.requestAdapter()
  const quads = adapter.features.has('subgroups')
  device = await adapter.requestDevice({ requiredFeatures: quads ? ['subgroups'] : [] })
  const texts = Object.fromEntries(JSON.parse(shader_texts()).filter(([, code]) => quads || !code.startsWith('enable subgroups')))
  const probes = { compute: await compute(software), memory: await memory(software) }
  const rows = []
  for (const work of works(texts, software)) rows.push(await run(work, probes))
  device.destroy()
  return { probes, rows }
}

async function compute(software) {
  const groups = software ? 64 : 8192
  const rounds = software ? 512 : 4096
  const buffers = [empty(groups * INVOCATIONS * 16), numbers([rounds])]
  let ms = Infinity
  for (const form of FORMS) ms = Math.min(ms, await time(await pipeline(computeText(form)), buffers, [groups, 1]))
  return { ms, gflops: (groups * INVOCATIONS * rounds * FLOP_A_ROUND) / ms / 1e6 }
}

/** With buffers far larger than the caches. */
async function memory(software) {
  const bytes = (software ? 64 : 128) << 20
  const groups = bytes / 16 / INVOCATIONS
  const y = Math.ceil(groups / 32768)
  const ms = await time(await pipeline(MEMORY), [empty(bytes), empty(bytes), numbers([bytes / 16])], [groups / y, y])
  return { ms, gbs: (2 * bytes) / ms / 1e6 }
}

/** The measurements: shader, buffers, workgroups, and the least FLOP and bytes it needs. */
function* works(texts, software) {
  const sizes = software
    ? [[256, 512, 512]]
    : [
        [256, 2048, 2048],
        [2048, 6144, 2048],
        [2048, 2048, 6144],
      ]
  for (const [m, n, k] of sizes) {
    for (const [name, code] of Object.entries(texts).filter(([name]) => name.startsWith('matmul_'))) yield product(name, code, m, n, k)
  }
  // The first of several variants for different head sizes.
  for (const kind of [/^attention_direct/, /^attention_quads/]) {
    const found = Object.entries(texts).find(([name]) => kind.test(name))
    if (found) yield* attentions(found[0].split(' ')[0], found[1], software)
  }
  const rows = software ? 1024 : 8192
  const width = 1024
  for (const [name, code] of Object.entries(texts)) {
    const rowsOfGroup = { rms_norm_workgroup: 1, rms_norm_rows: INVOCATIONS, rms_norm_quads: INVOCATIONS / 4 }[name]
    if (rowsOfGroup) yield moves(name, code, rows, width, norm(rows, width, rowsOfGroup))
    if (name === 'activation') yield moves('silu gate', code, rows, width, gate(rows, width))
    if (name.startsWith('rotate')) yield moves('rotate', code, rows, width, rotate(rows, width))
  }
}

/** The variants differ in the number of rows per workgroup. */
function norm(rows, width, rowsOfGroup) {
  const count = Math.ceil(rows / rowsOfGroup)
  const across = Math.min(count, 4096)
  const buffers = [floats(rows * width), floats(width), empty(rows * width * 4), numbers([rows, width, bits(1e-6), across])]
  return { buffers, groups: [across, Math.ceil(count / across)], bytes: 2 * rows * width * 4 }
}

function gate(rows, width) {
  const vectors = (rows * width) / 4
  const groups = vectors / INVOCATIONS
  const buffers = [floats(rows * width), floats(rows * width), empty(rows * width * 4), numbers([vectors, groups, 0, vectors])]
  return { buffers, groups: [groups, 1], bytes: 3 * rows * width * 4 }
}

function rotate(rows, width) {
  const heads = width / HEAD
  const buffers = [floats(rows * width), floats(HEAD), floats(rows * HEAD), empty(rows * width * 4), numbers([rows, heads, HEAD, bits(1e-6), 1])]
  return { buffers, groups: [Math.ceil(rows / INVOCATIONS), heads], bytes: (2 * width + HEAD) * rows * 4 }
}

function product(name, code, m, n, k) {
  const [, form, style] = name.split('_')
  const tile = style === 'direct' ? 32 : 64
  const weights = {
    f32: () => [floats(n * k)],
    q8: () => [words((n * k) / 4), floats((n * k) / 32)],
    q4: () => [words((n * k) / 8), floats((n * k) / 16)],
  }[form]?.()
  if (!weights) throw new Error(`no weights are known for ${name}`)
  const bytes = weights.reduce((sum, { size }) => sum + size, 0) + (m * k + m * n) * 4
  const buffers = [floats(m * k), ...weights, empty(m * n * 4), numbers([m, n, k])]
  return { name, shape: `${m} × ${n} × ${k}`, code, buffers, groups: [Math.ceil(n / tile), Math.ceil(m / tile)], flop: 2 * m * n * k, bytes }
}

/** Packed documents of 128 rows with a shared prefix (causal), and a picture whose patches all attend to each other. */
function* attentions(name, code, software) {
  const text = code.replace(/const WORDS = \d+u;/, `const WORDS = ${HEAD / 4}u;`)
  const [queries, heads, kv, prefix, rows] = software ? [256, 4, 2, 128, 128] : [2048, 16, 8, 128, 128]
  for (const [label, before, span] of [
    ['documents', prefix, rows],
    ['a picture', 0, queries],
  ]) {
    const causal = label === 'documents'
    const ranges = Array.from({ length: queries }, (_, i) => [Math.floor(i / span) * span, causal ? i + 1 : Math.floor(i / span) * span + span]).flat()
    const keyHeads = causal ? kv : heads
    const buffers = [
      floats(queries * heads * HEAD),
      floats(queries * keyHeads * HEAD),
      floats(queries * keyHeads * HEAD),
      floats(Math.max(1, before) * keyHeads * HEAD),
      floats(Math.max(1, before) * keyHeads * HEAD),
      numbers(ranges),
      empty(queries * heads * HEAD * 4),
      numbers([queries, heads, keyHeads, before, bits(1 / Math.sqrt(HEAD))]),
    ]
    const seen = before + (causal ? (span + 1) / 2 : span)
    const shape = `${queries} queries × ${seen.toFixed(0)} rows, ${heads} heads of ${HEAD}`
    yield { name: `${name}, ${label}`, shape, code: text, buffers, groups: [Math.ceil(queries / 64), heads], flop: 4 * queries * seen * heads * HEAD }
  }
}

const moves = (name, code, rows, width, work) => ({ name, shape: `${rows} × ${width}`, code, ...work })

async function run({ name, shape, code, buffers, groups, flop, bytes }, probes) {
  // A dispatch with bindings that do not match a changed shader would fail and take no time.
  device.pushErrorScope('validation')
  const ms = await time(await pipeline(code), buffers, groups)
  const error = await device.popErrorScope()
  for (const buffer of buffers) buffer.destroy()
  if (error) return { name, shape, failure: error.message.split('\n')[0] }
  const row = { name, shape, ms }
  if (flop) Object.assign(row, { gflops: flop / ms / 1e6, of_compute: flop / ms / 1e6 / probes.compute.gflops })
  if (bytes) Object.assign(row, { gbs: bytes / ms / 1e6, of_memory: bytes / ms / 1e6 / probes.memory.gbs })
  return row
}

async function pipeline(code) {
  return device.createComputePipelineAsync({ layout: 'auto', compute: { module: device.createShaderModule({ code }), entryPoint: 'main' } })
}

/** Milliseconds per dispatch: the minimum of several samples of enough dispatches each. */
async function time(pipeline, buffers, groups) {
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  })
  const sample = async (count) => {
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, group)
    for (let i = 0; i < count; i++) pass.dispatchWorkgroups(...groups)
    pass.end()
    const start = performance.now()
    device.queue.submit([encoder.finish()])
    await device.queue.onSubmittedWorkDone()
    return (performance.now() - start) / count
  }
  await sample(1)
  let count = 1
  let ms = await sample(count)
  while (ms * count < LEAST_MS && count < 4096) {
    count *= 2
    ms = await sample(count)
  }
  for (let i = 1; i < SAMPLES; i++) ms = Math.min(ms, await sample(count))
  return ms
}

const USAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST
const empty = (size) => device.createBuffer({ size, usage: USAGE })
const bits = (number) => new Uint32Array(new Float32Array([number]).buffer)[0]

function filled(data) {
  const buffer = empty(data.byteLength)
  device.queue.writeBuffer(buffer, 0, data)
  return buffer
}

const numbers = (list) => filled(Uint32Array.from(list))
const words = (count) => filled(Uint32Array.from({ length: count }, (_, i) => Math.imul(i, 2654435761) >>> 0))
const floats = (count) => filled(Float32Array.from({ length: count }, (_, i) => (Math.imul(i, 2654435761) >>> 0) / 2 ** 32 - 0.5))
