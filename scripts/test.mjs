// `npm test`: installs what is missing and checks everything, in the order in which it fails fastest.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { checkCrates } from './crates/deny.mjs'
import { clippy, fail, ROOT, step, TARGET_DIR } from './lib.mjs'
import { ensureChromium } from './setup/chromium.mjs'
import { ENGINES } from './setup/engines.mjs'
import { ensureNodeModules } from './setup/node.mjs'
import { findOrInstallRuff } from './setup/ruff.mjs'
import { ensureRust } from './setup/rust.mjs'
import { ensureRustWasm } from './setup/rust-wasm.mjs'
import { sizeGate } from './size-gate.mjs'

const env = { CARGO_TARGET_DIR: TARGET_DIR }
const allTargets = ['--lib', '--bins', '--tests']
const bin = (name) => join(ROOT, 'node_modules', '.bin', name)
const count = { passed: 0, failed: 0, skipped: 0 }

/** Seconds each, and nothing is compiled: what the pre-commit hook runs. */
const FAST = {
  format: async () => (await command('cargo', ['fmt', '--check'])) && command('cargo', ['fmt', '--check', '--manifest-path', join('fuzz', 'Cargo.toml')]),
  lint: () => command(bin('biome'), ['check', '--error-on-warnings', '--max-diagnostics=20', '--colors=off']),
  types: () => command(bin('tsc'), ['-p', join(ROOT, 'www'), '--pretty', 'false']),
  python,
  crates,
  // Import circles, names that stand twice, documents whose links or lists are out of date.
  house: () => node('house'),
  documents: () => command(process.execPath, [join(ROOT, 'scripts', 'check-links.mjs')]),
  files: () => command(process.execPath, [join(ROOT, 'scripts', 'file-roles.mjs'), '--check']),
  scripts: () =>
    command(process.execPath, ['--test', join('scripts', 'crates', 'spdx.test.mjs'), join('scripts', 'wasm', 'import-names.test.mjs')], {}, countNode),
}
const STEPS = {
  ...FAST,
  // With clippy, so that the dependencies are compiled once for lints and tests. Without the GPU backend: no test here has a
  // GPU, and its crates take minutes. What uses it is linted and tested in the module for browsers.
  native: async () =>
    (await command('cargo', ['test', '--quiet', '--no-default-features', ...allTargets], clippy(), countCargo)) &&
    command('cargo', ['test', '--quiet', '--no-default-features', '--no-run', '--benches'], clippy()),
  doctests: () => command('cargo', ['test', '--quiet', '--no-default-features', '--doc'], clippy(), countCargo),
  docs: () => command('cargo', ['doc', '--quiet', '--no-deps', '--lib', '--no-default-features'], { RUSTDOCFLAGS: '-D warnings' }),
  // The module with everything stands for both here; the release builds both.
  build: () => build({ profile: 'dev', only: ['secondpass'], lint: true }),
  browser: () => node('browser'),
  engines,
  // The packed package needs the npm registry and minutes: `npm run test:package`.
  package: () => node('package', (file) => file !== 'packed.test.mjs'),
  release: async () => {
    await build()
    return node('release')
  },
  size: sizeGate,
}

const selected = choose(process.argv.slice(2))
ensureNodeModules()
if (selected.every((name) => name in FAST)) ensureRust()
else await ensureRustWasm()
for (const [index, name] of selected.entries()) {
  step(name)
  const start = Date.now()
  const done = await STEPS[name]()
  console.log(`  ${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`)
  if (done !== false) continue
  const rest = selected.slice(index + 1)
  if (rest.length > 0) console.log(`\nNot run: ${rest.join(', ')}`)
  count.failed = Math.max(count.failed, 1)
  closingLine()
  fail(`The step "${name}" failed. Run it alone with: npm test -- --only ${name}`)
}
closingLine()

/** The steps that the command line asks for. */
function choose([option, list, ...more]) {
  if (option === '--help') {
    console.log(`npm test [-- --only STEP[,STEP…] | -- --fast]\n\nSteps: ${Object.keys(STEPS).join(', ')}\n--fast: ${Object.keys(FAST).join(', ')}`)
    process.exit(0)
  }
  if (option === undefined) return Object.keys(STEPS)
  if (option === '--fast' && list === undefined) return Object.keys(FAST)
  if (option !== '--only' || more.length > 0) fail(`"${[option, list, ...more].join(' ').trim()}" is not understood; see npm test -- --help`)
  const names = (list ?? '').split(',')
  const unknown = names.find((name) => !(name in STEPS))
  if (unknown !== undefined) fail(`There is no step "${unknown}"; there are ${Object.keys(STEPS).join(', ')}.`)
  return Object.keys(STEPS).filter((name) => names.includes(name))
}

/** Tests that ran, tests that failed, and what was not run: tests that skip themselves, and checks that this machine cannot make. */
function closingLine() {
  console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
}

function skip(what, reason) {
  count.skipped++
  console.log(`  skipped: ${what}: ${reason}`)
}

function python() {
  const ruff = findOrInstallRuff()
  if (ruff) return command(ruff, ['check', '--quiet', '--output-format', 'concise'])
  return skip('ruff', 'it is not installed, and Python or its registry is out of reach')
}

async function crates() {
  const fine = await checkCrates()
  skip('advisories', 'their database is on GitHub; the workflow there reads it')
  return fine
}

/** The tests that run in every engine; an engine that is not here counts as one that was skipped. */
async function engines() {
  let fine = true
  for (const [engine, { ensure, missing }] of Object.entries(ENGINES)) {
    console.log(`  in ${engine}`)
    if (!ensure()) skip(`the tests in ${engine}`, missing)
    else fine = (await node('engines', undefined, { ENGINE: engine })) && fine
  }
  return fine
}

/** Runs the tests of a folder under tests/, which may open a browser. */
function node(folder, wanted = () => true, env = { CHROME: ensureChromium() }) {
  const files = readdirSync(join(ROOT, 'tests', folder)).filter((file) => file.endsWith('.test.mjs') && wanted(file))
  const tests = files.map((file) => join(ROOT, 'tests', folder, file))
  return command(process.execPath, ['--test', '--test-concurrency=1', ...tests], env, countNode)
}

function countCargo(output) {
  for (const [, passed, failed, ignored] of output.matchAll(/test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/g)) {
    add({ passed, failed, skipped: ignored })
  }
}

function countNode(output) {
  const keys = { pass: 'passed', fail: 'failed', cancelled: 'failed', skipped: 'skipped', todo: 'skipped' }
  for (const [, key, number] of output.matchAll(/^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)$/gm)) add({ [keys[key]]: number })
}

function add(numbers) {
  for (const [key, number] of Object.entries(numbers)) count[key] += Number(number)
}

/** Runs a command, shows what it prints, and gives that to `counting`. */
function command(name, args, extra = {}, counting = () => {}) {
  return new Promise((resolve) => {
    const child = spawn(name, args, { cwd: ROOT, env: { ...process.env, ...env, ...extra }, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
      process.stdout.write(data)
    })
    child.on('error', (error) => fail(`${name} could not be started: ${error.message}`))
    child.on('close', (status) => {
      counting(output)
      resolve(status === 0)
    })
  })
}
