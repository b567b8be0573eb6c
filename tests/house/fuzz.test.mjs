// The coverage-guided targets and the smoke test feed the same parsers.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const read = (...path) => readFileSync(join(ROOT, ...path), 'utf8')
const PARSERS = [...read('tests', 'fuzz', 'parsers', 'mod.rs').matchAll(/\bParser \{\s*name: "(\w+)"/g)].map(([, name]) => name)

test('each parser of the smoke test has a fuzz target, and each target a parser', () => {
  assert.ok(PARSERS.length > 20, `${PARSERS.length} parsers`)
  const bins = [...read('fuzz', 'Cargo.toml').matchAll(/^\[\[bin\]\]\nname = "(\w+)"\npath = "fuzz_targets\/(\w+)\.rs"$/gm)]
  assert.deepEqual(
    bins.map(([, name, file]) => [name, file]),
    PARSERS.map((name) => [name, name]),
  )
})

test('each target feeds the parser of its name', () => {
  const targets = readdirSync(join(ROOT, 'fuzz', 'fuzz_targets')).map((file) => file.replace(/\.rs$/, ''))
  assert.deepEqual(targets.sort(), [...PARSERS].sort())
  for (const name of targets) assert.ok(read('fuzz', 'fuzz_targets', `${name}.rs`).includes(`secondpass_fuzz::target!("${name}");`), name)
})

/** The names and versions in a lock file. */
const locked = (text) => new Set([...text.matchAll(/name = "([^"]+)"\nversion = "([^"]+)"/g)].map(([, name, version]) => `${name} ${version}`))

test('what the targets are linked with is what is published', () => {
  const [ours, theirs] = [locked(read('Cargo.lock')), locked(read('fuzz', 'Cargo.lock'))]
  // What only the fuzzer needs, and the crate's own patch of a crate that only the GPU backend has.
  const own = /^(secondpass-fuzz|libfuzzer-sys|arbitrary|cc|jobserver|find-msvc-tools|shlex|inventory) /
  const others = [...theirs].filter((entry) => !ours.has(entry) && !own.test(entry))
  assert.deepEqual(others, [], 'fuzz/Cargo.lock has other versions than Cargo.lock: run cargo update --precise in fuzz/')
})
