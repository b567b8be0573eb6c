// `npm run bench:gpu`: measures this machine's GPU natively and in Chrome, or packs all that for a machine with nothing but a GPU.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fail, step } from '../scripts/lib.mjs'
import { measureHere } from './lib/kit-here.mjs'
import { packParts, refuseOccupied } from './lib/kit-parts.mjs'
import { OPTIONAL, stageKit, stageLibraries } from './lib/kit-stage.mjs'

const HELP = `Measures a GPU: peaks, every kernel's share of them, whole models of 0.6B and 2B shape natively, and in the browser this
package beside onnxruntime-web. benches/README.md explains the figures; benches/GPU.md shows those of every card.

  npm run bench:gpu                     on this machine, with its Chrome; results go to benches/results
  npm run bench:gpu -- --small          a small shape, to see whether everything runs
  npm run bench:gpu -- --pack DIR       for another machine: parts of at most 60 MiB and run.sh, which need a GPU driver and
                                        Python there and nothing else (x86-64 Linux)

  --pack DIR        the folder for the kit
  --part-mib N      the largest part (default and most: 60)
  --without LIST    leave out native, browser (the machine's Chrome is used then) or ort (onnxruntime-web)
  --help            this text

Everything else is handed on: --only, --shapes, --documents, --rounds, --label, --out, --browser, --software, --keep, as run.sh
--help says. It needs the built package (npm run build), cargo, Python 3.9 or newer and Chrome; --pack fetches Chromium's
headless shell (HEADLESS_SHELL=/path names one).`

const { pack, partMib, without, rest } = readArguments(process.argv.slice(2))
const parts = OPTIONAL.filter((part) => !without.includes(part))
if (pack) packFor(resolve(pack))
else measureHere(parts, rest)

function packFor(folder) {
  if (rest.length > 0) fail(`${rest[0]} is for run.sh, on the other machine; see npm run bench:gpu -- --help`)
  if (process.platform !== 'linux' || process.arch !== 'x64') fail('The kit is for x86-64 Linux, and is packed there.')
  refuseOccupied(folder)
  mkdirSync(dirname(folder), { recursive: true })
  const stage = mkdtempSync(join(dirname(folder), '.kit-'))
  // Also where a step fails, which ends the process.
  process.once('exit', () => rmSync(stage, { recursive: true, force: true }))
  const programs = stageKit(stage, parts)
  const glibc = programs.length > 0 ? stageLibraries(stage, programs) : undefined
  step('Packing')
  const written = packParts(stage, folder, partMib, glibc)
  for (const { name, bytes } of written) console.log(`  ${name}  ${(bytes / 2 ** 20).toFixed(1)} MiB`)
  console.log(`Wrote ${folder}. Copy all of it to the machine with the GPU, and run ./run.sh there${glibc ? ` (glibc ${glibc} or newer)` : ''}.`)
}

function readArguments(args) {
  const found = { partMib: 60, without: [], rest: [] }
  for (let i = 0; i < args.length; i++) {
    const [name, joined] = args[i].split(/=(.*)/s)
    const value = () => joined ?? args[++i] ?? fail(`${name} needs a value; see npm run bench:gpu -- --help`)
    if (name === '--help' || name === '-h') {
      console.log(HELP)
      process.exit(0)
    } else if (name === '--pack') found.pack = value()
    else if (name === '--part-mib') found.partMib = size(value())
    else if (name === '--without') found.without = known(value().split(','))
    else found.rest.push(args[i])
  }
  return found
}

function size(text) {
  const mib = Number(text)
  if (!(mib > 0 && mib <= 60)) fail(`--part-mib takes a number above 0 and up to 60, not "${text}".`)
  return mib
}

function known(list) {
  const unknown = list.find((part) => !OPTIONAL.includes(part))
  if (unknown !== undefined) fail(`--without takes ${OPTIONAL.join(', ')}, not "${unknown}".`)
  return list
}
