// The kit for a machine with a GPU: packed small, checked, unpacked in an empty folder, and run with a bare environment on the
// software adapter of the browser that the other tests use. What is native in it needs a build of minutes: it is packed and
// run where SECONDPASS_GPU_BENCH names a built one (`cargo bench --no-run --bench gpu` says where it is).
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { page, readResults } from '../../benches/gpu-page.mjs'
import { has, ROOT } from '../../scripts/lib.mjs'

const PART_MIB = 2
const LINUX = process.platform === 'linux' && process.arch === 'x64'
const NATIVE = process.env.SECONDPASS_GPU_BENCH
const WITHOUT = NATIVE ? 'browser,ort' : 'native,browser,ort'
/** Mesa's software Vulkan, on which the native part runs without a GPU. */
const LAVAPIPE = ['/usr/share/vulkan/icd.d/lvp_icd.x86_64.json', '/usr/share/vulkan/icd.d/lvp_icd.json'].find((path) => existsSync(path))
const skip = !LINUX ? 'the kit is for x86-64 Linux, and is packed there' : !has('python3') && 'there is no Python'

const bench = (...args) => spawnSync(process.execPath, [join(ROOT, 'benches', 'gpu.mjs'), ...args], { encoding: 'utf8', cwd: ROOT })

let folder, kit
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpu-kit-test-'))
  kit = join(folder, 'kit')
  if (skip) return
  mkdirSync(join(folder, 'home'))
  const { status, stdout, stderr } = bench('--pack', kit, '--without', WITHOUT, '--part-mib', `${PART_MIB}`)
  assert.equal(status, 0, stdout + stderr)
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** Nothing of this environment, such as paths of libraries, reaches the kit. */
function runKit(at, ...args) {
  const env = { PATH: '/usr/bin:/bin', HOME: join(folder, 'home'), ...(LAVAPIPE && { VK_DRIVER_FILES: LAVAPIPE }) }
  return spawnSync(join(at, 'run.sh'), args, { env, encoding: 'utf8', cwd: folder })
}

test('the kit is in parts that are whole and no larger than asked', { skip }, () => {
  const { parts, compression, id } = JSON.parse(readFileSync(join(kit, 'manifest.json'), 'utf8'))
  assert.deepEqual(readdirSync(kit).sort(), [...parts.map(({ name }) => name), 'manifest.json', 'run.sh', 'unpack.py'].sort())
  assert.ok(parts.length > 1, 'so small a limit needs several parts')
  for (const { name, bytes, sha256 } of parts) {
    const content = readFileSync(join(kit, name))
    assert.equal(content.length, bytes)
    assert.ok(bytes > 0 && bytes <= PART_MIB * 2 ** 20, `${name}: ${bytes} bytes`)
    assert.equal(createHash('sha256').update(content).digest('hex'), sha256)
  }
  assert.ok(statSync(join(kit, 'run.sh')).mode & 0o100, 'run.sh can be executed')
  assert.match(id, /^[0-9a-f]{8}$/)
  assert.ok(['xz', 'gz'].includes(compression))
})

test('a kit is not packed over another, nor with a part that is too large', { skip }, () => {
  const again = bench('--pack', kit, '--without', 'native,browser,ort')
  assert.equal(again.status, 1)
  assert.match(again.stderr, /holds files already/)
  for (const limit of ['61', '0', 'many']) assert.match(bench('--pack', kit, '--part-mib', limit).stderr, /a number above 0 and up to 60/)
  assert.match(bench('--pack', kit, '--without', 'python').stderr, /--without takes native, browser, ort/)
})

test('run.sh names a part that is missing, and one that is damaged', { skip }, () => {
  const copy = join(folder, 'copy')
  cpSync(kit, copy, { recursive: true })
  const part = join(copy, 'kit.part-01')
  renameSync(part, `${part}.away`)
  assert.match(runKit(copy).stderr, /kit\.part-01 of \d+ parts is not here/)
  const content = readFileSync(`${part}.away`)
  content[content.length >> 1] ^= 1
  writeFileSync(part, content)
  assert.match(runKit(copy).stderr, /kit\.part-01 is damaged/)
})

test('run.sh measures the package on a software adapter, and writes its file', { skip: skip || (!process.env.CHROME && 'no browser was named') }, () => {
  const out = join(folder, 'result.json')
  const options = [
    '--only',
    'browser',
    '--software',
    '--browser',
    process.env.CHROME,
    '--shapes',
    '2x64',
    '--documents',
    '2',
    '--rounds',
    '1',
    '--label',
    'test',
    '--out',
    out,
  ]
  const { status, stdout, stderr } = runKit(kit, ...options)
  assert.equal(status, 0, stdout + stderr)
  assert.match(stdout, /^ours webgpu q8_0.* 2 /m)
  const result = JSON.parse(readFileSync(out, 'utf8'))
  assert.equal(result.label, 'test')
  assert.deepEqual([result.software, result.small], [true, true])
  assert.equal(result.browser.adapter.fallback, true)
  const { legs } = result.browser
  assert.deepEqual(
    legs.map(({ key }) => key),
    ['ours webgpu q8_0', 'ours webgpu q4_0', 'ours cpu q4_0'],
  )
  for (const leg of legs) {
    assert.equal(leg.failure, undefined, leg.key)
    assert.ok(leg.scores.length === 2 && leg.scores.every((score) => score > 0 && score < 1))
    assert.ok(leg.agrees && leg.largest_difference <= 2e-3, `${leg.key}: ${leg.largest_difference}`)
    assert.ok(leg.ms_a_document > 0)
    assert.equal(leg.submissions > 0, leg.device === 'webgpu')
  }
  assert.notEqual(legs[0].scores[0].toFixed(4), legs[0].scores[1].toFixed(4), 'documents differ in their scores')
  // The models are gone, so that a machine is left as it was.
  const unpacked = readdirSync(kit).find((name) => name.startsWith('kit-'))
  assert.equal(existsSync(join(kit, unpacked, 'work', 'models')), false)
  // What was written can be shown beside other results.
  const text = page([{ file: 'gpu-software-test.json', ...result }])
  assert.match(text, /Nothing has been measured on a GPU yet/)
  assert.match(text, /\| ours webgpu q8_0 \| [\d.]+ \| 2 \|/)
})

const skipNative = skip || (!NATIVE && 'SECONDPASS_GPU_BENCH names no built native benchmark') || (!LAVAPIPE && 'Mesa’s software Vulkan is not installed')
test('run.sh measures natively on a software adapter, and writes its file', { skip: skipNative }, () => {
  const out = join(folder, 'native.json')
  const { status, stdout, stderr } = runKit(kit, '--only', 'native', '--shapes', '2x64', '--documents', '2', '--rounds', '1', '--out', out)
  assert.equal(status, 0, stdout + stderr)
  const { native, software, small, card } = JSON.parse(readFileSync(out, 'utf8'))
  assert.deepEqual([software, small, native.adapter.software], [true, true, true])
  assert.equal(card, native.adapter.name)
  assert.ok(native.peaks.f32_gflops > 0 && native.peaks.copy_gbs > 0 && native.peaks.launch_us > 0)
  assert.equal(native.peaks.f16_gflops > 0, native.adapter.shader_f16)
  const styles = new Set(native.kernels.map(({ style }) => style).filter(Boolean))
  for (const style of native.selected.split('+')[0].split('/')) assert.ok(styles.has(style), `${style} was selected and not measured`)
  for (const style of styles) {
    for (const format of ['f32', 'q8', 'q4'])
      assert.ok(native.kernels.some((row) => row.style === style && row.format === format && row.gflops > 0 && row.of_f32 > 0))
  }
  for (const kernel of ['attention', 'rms norm', 'layer norm', 'silu gate', 'add', 'norm and rotate'])
    assert.ok(native.kernels.some((row) => row.kernel === kernel && row.gbs > 0))
  assert.deepEqual(
    native.models.map(({ model }) => model),
    ['2x64-q8_0', '2x64-q4_0'],
  )
  for (const { gpu, cpu, largest_difference } of native.models) {
    assert.ok(gpu.ms_a_document > 0 && cpu.ms_a_document > 0 && gpu.scores.length === 2)
    assert.ok(largest_difference <= 2e-3, `${largest_difference}`)
  }
})

test('the page of results is up to date', () => {
  assert.equal(readFileSync(join(ROOT, 'benches', 'GPU.md'), 'utf8'), page(readResults()), 'run node benches/gpu-page.mjs')
})

test('the first and the last run of a card stand beside each other, and a software adapter apart', () => {
  const run = (date, gflops, more = {}) => ({
    file: `${date}.json`,
    date,
    card: 'A card',
    driver: 'driver 1',
    label: '',
    software: false,
    small: false,
    versions: { secondpass: 'abc' },
    machine: { cpu: 'a processor', cores: 4 },
    native: {
      peaks: { f32_gflops: gflops, f16_gflops: null, copy_gbs: 100, launch_us: 5 },
      models: [],
      kernels: [{ kernel: 'product', format: 'q8', of: '0.6B', rows: 16, size: '2048 × 1024', style: 'wide', ms: 1, gflops: gflops / 2, of_bound: 0.5 }],
    },
    ...more,
  })
  const text = page([run('2026-01-03', 30), run('2026-01-01', 10), run('2026-01-02', 20), run('2026-01-02', 5, { card: 'llvm', software: true })])
  assert.match(text, /\| multiply-add f32, GFLOP\/s \| 10\.0 \| 30\.0 \|/)
  assert.match(text, /\| 0\.6B, product, q8, 2048 × 1024 \| 15 \(50 % → 50 %\) wide \|/)
  assert.ok(text.indexOf('## A card') < text.indexOf('## Software adapters') && text.indexOf('## Software adapters') < text.indexOf('### llvm'))
})
