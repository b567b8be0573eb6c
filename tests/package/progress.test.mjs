// The overall progress of a load: one number from all stages and files, which never goes back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { source } from './harness.mjs'

const { LoadProgress } = await source('page/progress')

/** Steps go in, what was reported comes out. */
function recorded(what = 'load') {
  const events = []
  const progress = new LoadProgress(what, (event) => events.push(event))
  const add = (stage, loaded, total, file) => progress.add({ stage, loaded, total, ...(file && { file }) })
  return { events, progress, add, last: () => events.at(-1).overall }
}

const neverBack = (events) =>
  events.forEach(({ overall }, i) => assert.ok(i === 0 || overall.fraction >= events[i - 1].overall.fraction, JSON.stringify(overall)))

test('all stages and files make one fraction from 0 to 1, with a label', () => {
  const { events, add, last } = recorded()
  add('module', 0, 4e6, 'secondpass_cpu_bg.wasm')
  assert.deepEqual(last(), { fraction: 0, label: 'Fetching the engine' })
  add('module', 4e6, 4e6, 'secondpass_cpu_bg.wasm')
  const engine = last().fraction
  assert.ok(engine > 0.05 && engine < 0.2)
  add('download', 500, 500, 'config.json')
  add('download', 10e6, 10e6, 'tokenizer.json')
  assert.equal(last().fraction, engine, 'small files do not count as progress')
  add('download', 0, 600e6, 'model.safetensors')
  add('download', 300e6, 600e6, 'model.safetensors')
  assert.equal(last().label, 'Fetching the model: 310 of 610 MB')
  const half = last().fraction
  assert.ok(half > 0.4 && half < 0.6)
  add('upload', 10, 300)
  add('download', 0, 100e6, 'mmproj.gguf')
  assert.equal(last().label, 'Fetching the model: 310 of 710 MB')
  add('download', 600e6, 600e6, 'model.safetensors')
  add('download', 100e6, 100e6, 'mmproj.gguf')
  assert.equal(last().label, 'Moving the model to the device')
  add('upload', 300, 300)
  add('compile', 0, 1)
  assert.equal(last().label, 'Warming up')
  add('compile', 1, 1)
  assert.ok(Math.abs(last().fraction - 1) < 1e-9)
  neverBack(events)
})

test('what is stored already counts as fetched', () => {
  const { add, last } = recorded()
  add('upload', 1, 2)
  assert.ok(last().fraction > 0.85)
})

test('a load that begins again on another device does not begin at 0, and its end is 1', () => {
  const { events, add, progress, last } = recorded()
  add('download', 90, 100, 'a.gguf')
  add('upload', 9, 10)
  const before = last().fraction
  add('upload', 1, 10)
  assert.equal(events.length, 2, 'a step that was reported is not reported again')
  add('upload', 9, 10)
  add('compile', 0, 1)
  assert.ok(last().fraction >= before)
  progress.end()
  assert.equal(last().fraction, 1)
  const { length } = events
  progress.end()
  assert.equal(events.length, length, 'one end')
  neverBack(events)
})

test('files that are only stored are at their end when they are fetched', () => {
  const { add, last } = recorded('store')
  add('module', 1, 1)
  add('download', 50, 100, 'a.gguf')
  assert.ok(last().fraction < 0.7)
  add('download', 100, 100, 'a.gguf')
  add('verify', 100, 100, 'a.gguf')
  assert.ok(Math.abs(last().fraction - 1) < 1e-9)
})
