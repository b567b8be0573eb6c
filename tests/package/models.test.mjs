// The catalogue of models: what it says is complete, and the same as what the engine and the README say.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { goldenRequest, modelById, models } from 'secondpass/models'
import { ROOT } from '../../scripts/lib.mjs'

const FAMILIES = join(ROOT, 'src', 'model', 'family')
/** The names in one of the engine's lists of families. */
const families = (file) => [...readFileSync(join(FAMILIES, file), 'utf8').matchAll(/FamilySpec = FamilySpec \{\s+name: "([^"]+)"/g)].map(([, name]) => name)
const BYTES = { F32: 4, F16: 2, BF16: 2 }

test('ids are unique, also without their owners, and addresses are theirs', () => {
  assert.ok(models.length > 25)
  assert.equal(new Set(models.map(({ id }) => id)).size, models.length)
  assert.equal(new Set(models.map(({ id }) => id.split('/')[1].toLowerCase())).size, models.length)
  for (const model of models) {
    assert.match(model.id, /^[\w-]+\/[\w.-]+$/)
    assert.equal(model.address, `https://huggingface.co/${model.id}/resolve/main`)
    assert.equal(modelById(model.id), model)
  }
  assert.equal(modelById('nobody/nothing'), undefined)
})

test('families are those of the engine, and models stand in the order of their sizes', () => {
  const [encoders, decoders] = [families('encoders.rs'), [...families('decoders.rs'), ...families('vision_decoders.rs')]]
  assert.ok(encoders.includes('modernbert') && decoders.includes('qwen3-reranker'))
  const group = ({ family, modality }) => (modality !== 'text' ? 2 : encoders.includes(family) ? 0 : 1)
  for (const model of models) {
    assert.ok([...encoders, ...decoders].includes(model.family), `${model.id}: ${model.family}`)
    assert.equal(model.modality, { 'qwen3-vl-reranker': 'text+pictures+video', 'jina-reranker-m0': 'text+pictures' }[model.family] ?? 'text')
  }
  const sorted = [...models].sort((a, b) => group(a) - group(b) || a.parameters - b.parameters)
  assert.deepEqual(
    models.map(({ id }) => id),
    sorted.map(({ id }) => id),
  )
})

test('every model has what a choice needs', () => {
  for (const { id, licence, commercial, languages, good_for, context_tokens, parameters, unread_parameters = 0, dtype, approximate_bytes } of models) {
    assert.ok(['Apache-2.0', 'MIT', 'CC-BY-NC-4.0'].includes(licence), `${id}: ${licence}`)
    assert.equal(commercial, !licence.includes('-NC-'), id)
    assert.ok(languages.length > 0 && languages.every((code) => /^[a-z]{2}$|^mul$/.test(code)), id)
    assert.match(good_for, /^[A-Z][^|\n]{8,100}[^.]$/, id)
    assert.ok(context_tokens >= 512, id)
    const published = parameters + unread_parameters
    const ratio = approximate_bytes / (published * BYTES[dtype])
    assert.ok(ratio > 0.98 && ratio < 1.02, `${id}: ${approximate_bytes} bytes for ${published} parameters in ${dtype}`)
  }
  assert.deepEqual(models.map((model) => model.start_with).filter(Boolean), ['English', 'other languages', 'long documents in other languages', 'pictures'])
})

test('golden scores are four numbers, for the documents of the request', () => {
  assert.equal(goldenRequest.documents.length, 4)
  const golden = models.filter((model) => model.golden_scores)
  assert.equal(golden.length, 20)
  for (const { id, golden_scores: scores } of golden) {
    assert.ok(scores.length === 4 && scores.every(Number.isFinite), id)
    // The second document is the answer.
    assert.equal(Math.max(...scores), scores[1], id)
  }
  assert.ok(models.every((model) => model.golden_scores || model.golden_tolerance === undefined))
})

test('the tables in the README are those of the catalogue', () => {
  const result = spawnSync(process.execPath, [join(ROOT, 'scripts', 'models-table.mjs'), '--check'], { encoding: 'utf8' })
  assert.equal(result.status, 0, result.stderr)
})
