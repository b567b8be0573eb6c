// Tests of the shorter import names, with modules that run.
import assert from 'node:assert/strict'
import test from 'node:test'
import { shortenImports } from './import-names.mjs'

const HASHES = ['0123456789abcdef', 'fedcba9876543210']
const FROM = './module_bg.js'

const text = (value) => [value.length, ...Buffer.from(value)]
const section = (id, bytes) => (bytes.length < 128 ? [id, bytes.length, ...bytes] : [id, (bytes.length & 127) | 128, bytes.length >> 7, ...bytes])

/** A module whose exports are what it imports. */
function reexporting(names) {
  const nothingToNumber = [0x60, 0, 1, 0x7f]
  return Buffer.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...nothingToNumber]),
    ...section(2, [names.length, ...names.flatMap((name) => [...text(FROM), ...text(name), 0, 0])]),
    ...section(7, [names.length, ...names.flatMap((_, i) => [...text(`f${i}`), 0, i])]),
  ])
}

/** What each export of the module gives, with the script's functions as imports. */
function run({ script, wasm }) {
  const imports = new Function(`return ${script}`)()
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm), { [FROM]: imports })
  return { imported: Object.keys(imports), results: Object.values(exports).map((call) => call()) }
}

function shortened(names) {
  const script = `{ ${names.map((name, i) => `${name}: () => ${i}`).join(', ')} }`
  return run(shortenImports(script, reexporting(names)))
}

test('names lose their hashes, and each import is still its own', () => {
  const names = [`__wbg_abort_${HASHES[0]}`, '__wbg_engine_new', `__wbg___wbindgen_throw_${HASHES[1]}`, '__wbindgen_generic_0000000000000001']
  assert.deepEqual(shortened(names), {
    imported: ['__wbg_abort', '__wbg_engine_new', '__wbg___wbindgen_throw', '__wbindgen_generic_0000000000000001'],
    results: [0, 1, 2, 3],
  })
})

test('names that would be alike are numbered', () => {
  const names = [`__wbg_call_${HASHES[0]}`, `__wbg_call_${HASHES[1]}`, '__wbg_close', `__wbg_close_${HASHES[0]}`, '__wbg_close_2']
  assert.deepEqual(shortened(names), { imported: ['__wbg_call', '__wbg_call_2', '__wbg_close', '__wbg_close_3', '__wbg_close_2'], results: [0, 1, 2, 3, 4] })
})

test('sections of more than 127 bytes', () => {
  const names = Array.from({ length: 20 }, (_, i) => `__wbg_${'long'.repeat(5)}${i}_${HASHES[i % 2]}`)
  assert.deepEqual(
    shortened(names).results,
    names.map((_, i) => i),
  )
})

test('an import that is no function is refused', () => {
  const memory = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(2, [1, ...text(FROM), ...text('memory'), 2, 0, 1])])
  assert.throws(() => shortenImports('', memory), /imports memory, which is no function/)
})
