// `npm test`: installs what is missing and checks everything, in the order in which it fails fastest.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { ROOT, TARGET_DIR, fail, step } from './lib.mjs'
import { ensureChromium } from './setup/chromium.mjs'
import { ensureNodeModules } from './setup/node.mjs'
import { ensureRustWasm } from './setup/rust-wasm.mjs'
import { sizeGate } from './size-gate.mjs'

const env = { CARGO_TARGET_DIR: TARGET_DIR }
const wasm = ['--target', 'wasm32-unknown-unknown']
const deny = ['--', '-D', 'warnings']
let passed = 0
let failed = 0

const STEPS = {
  format: () => command('cargo', ['fmt', '--check']),
  clippy: () => command('cargo', ['clippy', '--quiet', '--all-targets', ...deny]),
  'clippy-wasm': () => command('cargo', ['clippy', '--quiet', '--lib', ...wasm, ...deny], { CLIPPY_CONF_DIR: join(ROOT, 'scripts', 'clippy-wasm') }),
  docs: () => command('cargo', ['doc', '--quiet', '--no-deps', '--lib'], { RUSTDOCFLAGS: '-D warnings' }),
  native: () => command('cargo', ['test', '--quiet'], {}, /test result: \w+\. (\d+) passed; (\d+) failed/g),
  build,
  size: sizeGate,
  browser: () => node('browser'),
  // The packed package needs the npm registry and minutes: `npm run test:package`.
  package: () => node('package', (file) => file !== 'packed.test.mjs'),
}

if (process.argv.includes('--help')) {
  console.log(`npm test [-- --only STEP]\n\nSteps: ${Object.keys(STEPS).join(', ')}`)
  process.exit(0)
}
const at = process.argv.indexOf('--only')
const only = at < 0 ? undefined : process.argv[at + 1]
if (at >= 0 && !STEPS[only]) fail(`There is no step "${only ?? ''}"; there are ${Object.keys(STEPS).join(', ')}.`)

ensureNodeModules()
await ensureRustWasm()
for (const [name, work] of Object.entries(STEPS)) {
  if (only && name !== only) continue
  step(name)
  const start = Date.now()
  const done = await work()
  console.log(`  ${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`)
  if (done === false) {
    console.log(`\n${passed} passed, ${Math.max(failed, 1)} failed`)
    fail(`The step "${name}" failed. Run it alone with: npm test -- --only ${name}`)
  }
}
console.log(`\n${passed} passed, ${failed} failed`)

/** Runs the tests of a folder under tests/, which may open a browser. */
function node(folder, wanted = () => true) {
  const files = readdirSync(join(ROOT, 'tests', folder)).filter((file) => file.endsWith('.test.mjs') && wanted(file))
  const tests = files.map((file) => join(ROOT, 'tests', folder, file))
  const count = /# pass (\d+)[\s\S]*?# fail (\d+)|ℹ pass (\d+)[\s\S]*?ℹ fail (\d+)/g
  return command(process.execPath, ['--test', '--test-concurrency=1', ...tests], { CHROME: ensureChromium() }, count)
}

/** Runs a command, shows what it prints, and counts the tests that it says it ran. */
function command(name, args, extra = {}, count) {
  return new Promise((resolve) => {
    const child = spawn(name, args, { cwd: ROOT, env: { ...process.env, ...env, ...extra }, stdio: ['ignore', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
      process.stdout.write(data)
    })
    child.on('error', (error) => fail(`${name} could not be started: ${error.message}`))
    child.on('close', (status) => {
      for (const match of count ? output.matchAll(count) : []) {
        passed += Number(match[1] ?? match[3])
        failed += Number(match[2] ?? match[4])
      }
      resolve(status === 0)
    })
  })
}
