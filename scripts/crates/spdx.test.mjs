// Tests of the licence expressions.
import assert from 'node:assert/strict'
import test from 'node:test'
import { chooseLicences, parseSpdx } from './spdx.mjs'

const PREFERRED = ['Apache-2.0', 'MIT', 'Unicode-3.0', 'Zlib']
const CASES = [
  ['MIT', ['MIT']],
  ['MIT OR Apache-2.0', ['Apache-2.0']],
  ['MIT/Apache-2.0', ['Apache-2.0']],
  ['GPL-3.0-only OR Zlib', ['Zlib']],
  ['(MIT OR Apache-2.0) AND Unicode-3.0', ['Apache-2.0', 'Unicode-3.0']],
  // AND binds closer than OR.
  ['MIT AND GPL-3.0-only OR Zlib', ['Zlib']],
  ['MIT AND GPL-3.0-only', null],
  // A licence with an exception is another licence.
  ['Apache-2.0 WITH LLVM-exception', null],
  ['Apache-2.0 WITH LLVM-exception OR MIT', ['MIT']],
]

for (const [expression, expected] of CASES) {
  test(`${expression} is satisfied by ${expected?.join(' and ') ?? 'nothing'}`, () => assert.deepEqual(chooseLicences(expression, PREFERRED), expected))
}

for (const broken of ['', 'MIT OR', '(MIT', 'MIT Apache-2.0', 'AND MIT', 'MIT)']) {
  test(`"${broken}" is refused`, () => assert.throws(() => parseSpdx(broken), /is not a licence expression/))
}
