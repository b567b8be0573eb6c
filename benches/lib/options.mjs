// The options of `npm run bench`.
import { parseArgs } from 'node:util'
import { fail } from '../../scripts/lib.mjs'
import { ENCODER_SHAPES } from './encoders.mjs'

export const ENGINES = ['ours', 'ort', 'wllama']

const SIZES = ['4x256', '8x512', '0.6B', '2B']
const WORKLOADS = ['32x160', '32x100', '8x600', '1x160']
const PARTS = ['engines', 'encoders', 'embed', 'loading', 'savings', 'pictures', 'kernels', 'pool', 'gpu']
/** The workloads of --quick and of the larger sizes; enough for ratios. */
const MAIN_WORKLOADS = ['32x160', '1x160']

const HELP = `Compares secondpass with onnxruntime-web and wllama on the same machine, Chromium and weights.
benches/README.md explains the method and the tables.

  npm run bench                      the whole comparison; about 12 minutes on two quiet cores without a GPU
  npm run bench -- --quick           one small model, two workloads, one round; about 3 minutes
  npm run bench -- --full --gpu      0.6B and 2B shapes, for a machine with a GPU; downloads nothing, needs 20 GB of disk

  --only ours,ort,wllama   engines to run (default all)
  --device cpu|webgpu      one device only (default both)
  --sizes 4x256,8x512      shapes of the models: LAYERSxHIDDEN, or 0.6B, 2B
  --workloads 32x160,...   of 32x160, 32x100, 8x600, 1x160: DOCUMENTSxTOKENS (default: all for the first size, 32x160 and
                           1x160 for the others)
  --rounds N               rounds (default 2 for the first size, 1 for the others); each starts every engine in a fresh
                           browser, in alternating order
  --budget SECONDS         for engines that need seconds per document (wllama; onnxruntime-web on a software adapter): time
                           limit of a workload (default 30). They get at most 2 documents, and none if one would take
                           longer; the others always get all
  --parts engines,encoders,embed,loading,savings,pictures,kernels,pool,gpu   what to measure (default all, gpu only with
                           --gpu; with --quick all but encoders, embed, loading and pictures)
  --encoders ettin-17m,minilm-l6,ettin-68m   shapes of the part encoders (default all)
  --pairs N                at most so many pairs of an encoder's workload, to try the benchmark itself
  --gpu                    use the machine's own GPU instead of the software adapter; every engine gets all documents; adds
                           the part gpu, which is npm run bench:gpu: peaks, kernels and models natively, and a model of 0.6B
                           shape in Chrome beside onnxruntime-web. --gpu --parts gpu is that alone
  --no-save                print only; write no JSON and no chart
  --help                   this text

Try first:  npm run bench -- --quick --device cpu --no-save
Measure on an idle machine: other load makes times meaningless and ratios unreliable.

Build the package first (npm run build): pkg/dist is measured. The first run generates random models in target/bench and needs
Python 3.10 or newer (it installs its packages, including PyTorch, into target/bench/venv, about 3 GB), cargo, and
Chromium. Set SECONDPASS_BENCH_PYTHON to a Python that already has the packages of benches/python/requirements.txt, and
SECONDPASS_BIN to a built command, to skip these steps.

Results: benches/results/DATE-MACHINE.json and .svg. The curves of benches/COST.md: node benches/cost.mjs --help`

const OPTIONS = {
  quick: { type: 'boolean' },
  full: { type: 'boolean' },
  gpu: { type: 'boolean' },
  'no-save': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  only: { type: 'string' },
  device: { type: 'string' },
  sizes: { type: 'string' },
  workloads: { type: 'string' },
  rounds: { type: 'string' },
  budget: { type: 'string' },
  encoders: { type: 'string' },
  pairs: { type: 'string' },
  parts: { type: 'string' },
}

/** Parses and checks the command line; --help prints the help and exits. */
export function readOptions(args = process.argv.slice(2)) {
  let values
  try {
    values = parseArgs({ args, options: OPTIONS }).values
  } catch (error) {
    fail(`${error.message}\n  npm run bench -- --help  explains the options.`)
  }
  if (values.help) {
    console.log(HELP)
    process.exit(0)
  }
  const { quick, full } = values
  const usual = (quick ? PARTS.filter((part) => !['encoders', 'embed', 'loading', 'pictures'].includes(part)) : PARTS).filter(
    (part) => part !== 'gpu' || values.gpu,
  )
  const parts = list('--parts', values.parts, usual, PARTS)
  if (parts.includes('gpu') && !values.gpu) fail('The part gpu measures the machine’s own GPU; add --gpu.')
  const workloads = list('--workloads', values.workloads, quick ? MAIN_WORKLOADS : WORKLOADS, WORKLOADS)
  return {
    quick: quick ?? false,
    gpu: values.gpu ?? false,
    save: !values['no-save'],
    engines: list('--only', values.only, ENGINES, ENGINES),
    devices: list('--device', values.device, ['cpu', 'webgpu'], ['cpu', 'webgpu']),
    sizes: list('--sizes', values.sizes, full ? ['0.6B', '2B'] : quick ? ['4x256'] : ['4x256', '8x512'], SIZES),
    workloads,
    workloadsOfMore: values.workloads ? workloads : MAIN_WORKLOADS,
    parts,
    encoders: list('--encoders', values.encoders, ENCODER_SHAPES, ENCODER_SHAPES),
    pairs: values.pairs === undefined ? undefined : number('--pairs', values.pairs, 1),
    rounds: number('--rounds', values.rounds, quick ? 1 : 2),
    roundsOfMore: number('--rounds', values.rounds, 1),
    budget: number('--budget', values.budget, 30),
  }
}

function list(name, text, otherwise, known) {
  const items = text?.split(',').filter(Boolean) ?? otherwise
  const unknown = items.find((item) => !known.includes(item))
  if (unknown !== undefined || !items.length) fail(`${name} takes ${known.join(', ')}, not “${unknown ?? ''}”.`)
  return items
}

function number(name, text, otherwise) {
  const value = text === undefined ? otherwise : Number(text)
  if (!Number.isInteger(value) || value < 1) fail(`${name} must be a positive integer, not “${text}”.`)
  return value
}
