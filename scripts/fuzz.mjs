// `npm run fuzz`: coverage-guided fuzzing of every parser of foreign bytes, by libFuzzer, with the pinned stable compiler.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { capture, fail, has, ROOT, run, step, TARGET_DIR } from './lib.mjs'
import { ensureRust } from './setup/rust.mjs'

const MANIFEST = join(ROOT, 'fuzz', 'Cargo.toml')
const TARGETS = [...readFileSync(MANIFEST, 'utf8').matchAll(/^\[\[bin\]\]\nname = "(\w+)"/gm)].map(([, name]) => name)
const FOLDER = join(TARGET_DIR, 'fuzz')

/** What libFuzzer needs to see which code an input reaches. `cargo fuzz` passes the same flags. */
const COVERAGE = [
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
  // One unit, so that the counters of a crate are in one piece.
  '-Ccodegen-units=1',
]
/** Sanitizers are not stable, but their runtimes come with the stable compiler. */
const ADDRESS = { flags: ['-Zsanitizer=address'], env: { RUSTC_BOOTSTRAP: '1' } }

/** An input that takes longer hangs; a process that takes more memory leaks. Single inputs have a lower limit in the target. */
const SECONDS_PER_INPUT = 10
const MEGABYTES = 2048
const LIMITS = [`-timeout=${SECONDS_PER_INPUT}`, `-report_slow_units=${2 * SECONDS_PER_INPUT}`, `-rss_limit_mb=${MEGABYTES}`]
/** Inputs of up to twice the longest seed: with longer ones a run learns nothing and takes longer. */
const [SHORTEST_LIMIT, LONGEST_LIMIT] = [4096, 1 << 20]
/** The most words of a dictionary. */
const WORDS = 600

const HELP = `npm run fuzz [-- OPTIONS]

  --target NAME[,NAME…]   which parsers (default: all)
  --minutes N             for each of them (default: 10)
  --jobs N                targets side by side (default: half of the cores)
  --input FILE            run this one input through the only target, to repeat what was found
  --sanitize              with AddressSanitizer, which sees wrong memory accesses of unsafe code
  --list                  print the names of the targets

Targets: ${TARGETS.join(', ')}

The corpus of a target is kept in ${show(join(FOLDER, 'corpus'))}/TARGET, so that the next run goes on where this one ended; it begins
with the fixtures. What was found is in ${show(join(FOLDER, 'findings'))}/TARGET, with the command that repeats it. A finding is
mended in src/, and its input is kept as a case of the parser's tests, as hexadecimal digits or made by the test.

The crate has the layout of cargo-fuzz, and needs neither that nor a nightly compiler.`

const options = readOptions()
ensureRust()
if (!['c++', 'g++', 'clang++'].some(has)) fail('libFuzzer is compiled by a C++ compiler, and there is none. Install g++ or clang++.')
const build = compile()
if (options.input !== undefined) process.exit(await repeat(options.targets[0], resolve(options.input)))
const outcomes = await fuzzAll()
print(outcomes)
if (outcomes.some(({ finding }) => finding)) fail('Something was found; see the commands above.')

function readOptions() {
  const known = { target: 'string', minutes: 'string', jobs: 'string', input: 'string', sanitize: 'boolean', list: 'boolean', help: 'boolean' }
  let values
  try {
    values = parseArgs({ options: Object.fromEntries(Object.entries(known).map(([name, type]) => [name, { type }])) }).values
  } catch (error) {
    fail(`${error.message.split('. ')[0]}; see npm run fuzz -- --help`)
  }
  if (values.help || values.list) {
    console.log(values.help ? HELP : TARGETS.join('\n'))
    process.exit(0)
  }
  const targets = values.target?.split(',') ?? TARGETS
  const unknown = targets.find((name) => !TARGETS.includes(name))
  if (unknown !== undefined) fail(`There is no target "${unknown}"; there are ${TARGETS.join(', ')}.`)
  const number = (name, otherwise) => {
    const value = values[name] === undefined ? otherwise : Number(values[name])
    if (!(value > 0)) fail(`--${name} is "${values[name]}"; give a number above 0`)
    return value
  }
  if (values.input !== undefined && targets.length !== 1) fail('--input needs the one --target that it is for')
  if (values.input !== undefined && !existsSync(values.input)) fail(`There is no file ${values.input}.`)
  const jobs = Math.ceil(number('jobs', Math.max(1, Math.floor(cpus().length / 2))))
  return { targets, minutes: number('minutes', 10), jobs, input: values.input, sanitize: values.sanitize ?? false }
}

/** Compiles the targets; the folder of their programs, and what they are run with. */
function compile() {
  const sanitizer = options.sanitize ? ADDRESS : { flags: [], env: {} }
  const folder = join(FOLDER, options.sanitize ? 'build-address' : 'build')
  const host = /^host: (.+)$/m.exec(capture('rustc', ['-vV']))[1]
  step(`Compiling ${options.targets.length === 1 ? `the target ${options.targets[0]}` : `${options.targets.length} targets`}`)
  // With --target the flags are for the targets alone, and not for the build scripts and macros of what they depend on.
  const args = ['build', '--quiet', '--release', '--locked', '--manifest-path', MANIFEST, '--target', host]
  const flags = ['--cfg', 'fuzzing', ...COVERAGE, ...sanitizer.flags].join(' ')
  const env = { ...sanitizer.env, CARGO_TARGET_DIR: folder, RUSTFLAGS: flags }
  run('cargo', [...args, ...options.targets.flatMap((name) => ['--bin', name])], { env })
  return { programs: join(folder, host, 'release') }
}

/** Runs all targets, a few at a time. */
async function fuzzAll() {
  const left = [...options.targets]
  const outcomes = []
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) outcomes.push(await fuzz(name))
  }
  await Promise.all(Array.from({ length: options.jobs }, work))
  return outcomes.sort((a, b) => TARGETS.indexOf(a.name) - TARGETS.indexOf(b.name))
}

/** Runs one target until its time is up or something is found. */
async function fuzz(name) {
  const [corpus, seeds, findings] = ['corpus', 'seeds', 'findings'].map((kind) => join(FOLDER, kind, name))
  for (const folder of [corpus, seeds, findings]) mkdirSync(folder, { recursive: true })
  // A target writes its seeds before it runs anything; the first run makes them, so that their sizes and words are known.
  await launch(name, ['-runs=0'], seeds)
  const args = [corpus, seeds, `-artifact_prefix=${findings}/`, ...LIMITS, `-max_len=${longest(seeds)}`, `-dict=${writeDictionary(name, seeds)}`, '-reload=0']
  step(`${name}: ${options.minutes} min`)
  const start = Date.now()
  const outcome = { name, executions: 0 }
  for (let left = options.minutes * 60; left >= 1 && outcome.finding === undefined; left = options.minutes * 60 - (Date.now() - start) / 1000) {
    const { status, output } = await launch(name, [...args, '-print_final_stats=1', `-max_total_time=${Math.ceil(left)}`], seeds)
    const { executions, ...coverage } = figures(output)
    Object.assign(outcome, coverage, { executions: outcome.executions + executions })
    if (status === 0) break
    const finding = /Test unit written to (\S+)/.exec(output)?.[1]
    if (finding !== undefined && (await wasTheMachine(name, finding, output, seeds))) continue
    writeFileSync(join(findings, 'log.txt'), output)
    Object.assign(outcome, { finding: finding ?? '', reason: reason(output) })
    console.log(`✗ ${name}: ${outcome.reason}`)
  }
  return { ...outcome, minutes: (Date.now() - start) / 60_000, files: readdirSync(corpus).length }
}

/** Time is that of the clock. An input that is fast when it runs alone was waited for because the machine had other work. */
async function wasTheMachine(name, finding, output, seeds) {
  if (!/ERROR: libFuzzer: timeout/.test(output) || (await launch(name, [...LIMITS, finding], seeds)).status !== 0) return false
  console.log(`  ${name}: an input took long and does not alone; going on`)
  rmSync(finding)
  return true
}

/** Starts a target's program; its status and what it printed. */
function launch(name, args, seeds) {
  return new Promise((done) => {
    const env = { ...process.env, RUST_BACKTRACE: '1', SECONDPASS_FUZZ_SEEDS: seeds }
    const child = spawn(join(build.programs, name), args, { cwd: FOLDER, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (data) => {
      // The last lines tell everything, and hours of them would fill the memory.
      output = (output + data).slice(-(1 << 20))
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => fail(`${name} could not be started: ${error.message}`))
    child.on('close', (status) => done({ status, output }))
  })
}

async function repeat(name, input) {
  const { status, output } = await launch(name, [...LIMITS, input], join(FOLDER, 'seeds', name))
  console.log(output)
  return status === 0 ? 0 : 1
}

function longest(seeds) {
  const sizes = readdirSync(seeds).map((file) => statSync(join(seeds, file)).size)
  return Math.min(LONGEST_LIMIT, Math.max(SHORTEST_LIMIT, 2 * Math.max(0, ...sizes)))
}

/** The words of the seeds as a dictionary, from which mutations take whole keys and names. */
function writeDictionary(name, seeds) {
  const counts = new Map()
  for (const file of readdirSync(seeds)) {
    const text = readFileSync(join(seeds, file), 'latin1')
    for (const [word] of text.matchAll(/[A-Za-z_<[][\w.\-<>[\]|]{2,40}/g)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const words = [...counts].sort((a, b) => b[1] - a[1]).slice(0, WORDS)
  const file = join(FOLDER, 'seeds', `${name}.dict`)
  writeFileSync(file, words.map(([word]) => `"${word}"\n`).join(''))
  return file
}

/** Executions, edges that were covered, and features (edges by how often, and comparisons). */
function figures(output) {
  const last = [...output.matchAll(/^#(\d+)\s.*cov: (\d+) ft: (\d+)/gm)].at(-1)
  const units = /stat::number_of_executed_units: (\d+)/.exec(output)
  return { executions: Number(units?.[1] ?? last?.[1] ?? 0), coverage: Number(last?.[2] ?? 0), features: Number(last?.[3] ?? 0) }
}

/** What ended a run, in one line. */
function reason(output) {
  const panic = /panicked at ([^\n]+)\n([^\n]*)/.exec(output)
  if (panic) return `${panic[2]} (${panic[1].replace(/:$/, '')})`
  return /ERROR: (.+)/.exec(output)?.[1] ?? 'it ended for a reason that it does not say'
}

function print(outcomes) {
  console.log('\n| target | minutes | executions | edges | features | corpus |\n|---|---|---|---|---|---|')
  for (const { name, minutes, executions, coverage, features, files } of outcomes) {
    console.log(`| ${name} | ${minutes.toFixed(1)} | ${executions.toLocaleString('en')} | ${coverage} | ${features} | ${files} |`)
  }
  for (const { name, finding, reason } of outcomes.filter((outcome) => outcome.finding !== undefined)) {
    console.log(`\n✗ ${name}: ${reason}`)
    if (finding) console.log(`  npm run fuzz -- --target ${name}${options.sanitize ? ' --sanitize' : ''} --input ${show(finding)}`)
  }
}

/** A path as one would type it. */
function show(path) {
  return relative(process.cwd(), path) || '.'
}
