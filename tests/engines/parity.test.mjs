// The scores of every engine are those of the reference: decoders, encoders, pictures, GGUF files; on WebGPU where there is an adapter.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { ENGINE, openEngine } from './harness.mjs'
import { compared } from './scores.mjs'

/** As in tests/reference.rs. */
const TEXT_TOLERANCE = 1e-5
/** As in tests/encoders.rs. */
const LOGIT_TOLERANCE = 2e-5
/** As in tests/vision.rs; also for exponentials and square roots of software adapters. */
const VISION_TOLERANCE = 1e-4
/** Products of quantized weights on the CPU round activations to 16 bits. */
const INTEGER_TOLERANCE = 3e-4
/** How far products in half precision, which a page has to ask for, may move a score. */
const HALF_TOLERANCE = 1e-2
/** For pictures that went through the browser's own drawing. */
const DRAWN_TOLERANCE = 5e-3

const FIXTURES = join(ROOT, 'tests', 'fixtures')
const read = (...path) => JSON.parse(readFileSync(join(FIXTURES, ...path), 'utf8'))
const ENCODERS = readdirSync(join(FIXTURES, 'encoder'))
const ENCODER_CASES = ['planets', 'long-both', 'instruction']
/** One of each kind of layer. */
const ENCODERS_ON_WEBGPU = ['deberta', 'modernbert-cls', 'xlm-roberta']
const NO_WEBGPU = 'this engine gives no WebGPU adapter here'

let browser
/** One page for all tests: its workers compile the module once. */
let page
before(async () => {
  browser = await openEngine()
  page = await browser.page()
})
after(() => browser?.close())

async function difference(options, cases, field) {
  const { info, largest } = await compared(page, options, cases, field)
  assert.equal(info.device, options.device)
  console.log(`${ENGINE}: ${options.model} on ${info.device}${info.kernels ? ` (${info.kernels})` : ''}: largest difference ${largest.toExponential(2)}`)
  return largest
}

const textCases = (model) => read('text', model, 'cases.json').cases.map(({ request, scores }) => ({ request, expected: scores }))
const encoderCases = (model) =>
  read('encoder', model, 'cases.json')
    .cases.filter(({ name, literal_specials }) => ENCODER_CASES.includes(name) && !literal_specials)
    .map(({ request, logits }) => ({ request: { ...request, raw_scores: true }, expected: logits }))

for (const model of ['tiny-tied', 'tiny-untied']) {
  test(`${model} on the CPU`, async () => {
    const largest = await difference({ model: `/models/${model}`, device: 'cpu' }, textCases(model))
    assert.ok(largest <= TEXT_TOLERANCE, `${largest}`)
  })
}

test('tiny-tied on WebGPU', async (t) => {
  if (!browser.can.webgpu) return t.skip(NO_WEBGPU)
  const largest = await difference({ model: '/models/tiny-tied', device: 'webgpu' }, textCases('tiny-tied'))
  assert.ok(largest <= TEXT_TOLERANCE, `${largest}`)
})

test('every family of encoders on the CPU', async () => {
  for (const model of ENCODERS) {
    const largest = await difference({ model: `/fixtures/encoder/${model}`, device: 'cpu', dtype: 'f32' }, encoderCases(model), 'logit')
    assert.ok(largest <= LOGIT_TOLERANCE, `${model}: ${largest}`)
  }
})

test('encoders on WebGPU', async (t) => {
  if (!browser.can.webgpu) return t.skip(NO_WEBGPU)
  for (const model of ENCODERS_ON_WEBGPU) {
    const largest = await difference({ model: `/fixtures/encoder/${model}`, device: 'webgpu', dtype: 'f32' }, encoderCases(model), 'logit')
    assert.ok(largest <= VISION_TOLERANCE, `${model}: ${largest}`)
  }
})

/** Picture paths are relative to the file of the cases. */
function pictureCases(folder, names) {
  const base = `${browser.url}/fixtures/${folder}/cases.json`
  const resolve = (_, value) => (typeof value === 'string' && value.startsWith('../pictures/') ? new URL(value, base).href : value)
  return read(...folder.split('/'), 'cases.json')
    .cases.filter(({ name }) => names.includes(name))
    .map(({ request, max_length, scores, name }) => ({ name, request: { ...JSON.parse(JSON.stringify(request), resolve), max_length }, expected: scores }))
}

const logistic = (logit) => 1 / (1 + Math.exp(-logit))

/** Fixtures with the kernels of one style, their scores: `[model, largest difference]`. */
async function eachFixture(kernels, encoders) {
  const options = { device: 'webgpu', dtype: 'f32', kernels }
  const found = []
  for (const model of ['tiny-tied', 'tiny-untied']) found.push([model, await difference({ ...options, model: `/models/${model}` }, textCases(model))])
  for (const model of encoders) {
    const cases = encoderCases(model).map(({ request, expected }) => ({ request: { ...request, raw_scores: false }, expected: expected.map(logistic) }))
    found.push([model, await difference({ ...options, model: `/fixtures/encoder/${model}` }, cases)])
  }
  const cases = pictureCases('vl/vl-tied', ['text-and-image', 'image-both-sides'])
  found.push(['vl-tied', await difference({ ...options, model: '/fixtures/vl/vl-tied' }, cases)])
  return found
}

test('the kernels for GPUs', async (t) => {
  if (!browser.can.webgpu) return t.skip(NO_WEBGPU)
  for (const [model, largest] of await eachFixture('blocked', ENCODERS_ON_WEBGPU)) assert.ok(largest <= TEXT_TOLERANCE, `${model}: ${largest}`)
})

test('every fixture in half precision', async (t) => {
  if (!browser.can.webgpu) return t.skip(NO_WEBGPU)
  if (!browser.can.webgpu.f16) return t.skip('the adapter has no shader-f16')
  for (const [model, largest] of await eachFixture('half', ENCODERS)) assert.ok(largest <= HALF_TOLERANCE, `${model}: ${largest}`)
})

test('pictures and a video beside text', async () => {
  const cases = pictureCases('vl/vl-tied', ['text-and-image', 'image-both-sides', 'cut-beside-image', 'video-and-image'])
  const largest = await difference({ model: '/fixtures/vl/vl-tied', device: 'cpu' }, cases)
  assert.ok(cases.length === 4 && largest <= VISION_TOLERANCE, `${largest}`)
})

test('GGUF files, one with its vision tower', async () => {
  for (const { file, vision, of, scores } of read('gguf', 'models.json')) {
    const cases = pictureCases(of, Object.keys(scores)).map(({ name, request }) => ({ request, expected: scores[name] }))
    const options = { model: `/fixtures/gguf/${file}`, device: 'cpu', ...(vision && { vision: `/fixtures/gguf/${vision}` }) }
    const largest = await difference(options, cases)
    assert.ok(largest <= INTEGER_TOLERANCE, `${file}: ${largest}`)
  }
})

test('every type of picture object gives the same score', async () => {
  const { exact, drawn } = await page.evaluate(async () => {
    const url = '/fixtures/vl/pictures/shapes.png'
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const blob = await (await fetch(url)).blob()
    const element = Object.assign(new Image(), { src: url })
    await element.decode()
    const bitmap = await createImageBitmap(blob)
    const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height })
    canvas.getContext('2d').drawImage(bitmap, 0, 0)
    const scored = async (pictures) => {
      const scores = {}
      for (const [name, image] of Object.entries(pictures)) {
        scores[name] = (await reranker.rerank({ query: 'a disc', documents: [{ image }] })).results[0].relevance_score
      }
      return scores
    }
    const exact = await scored({ url, blob, buffer: await blob.arrayBuffer(), element, 'blob url': URL.createObjectURL(blob) })
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const drawn = await scored({ bitmap, canvas, pixels, frame: new VideoFrame(canvas, { timestamp: 0 }) })
    reranker.dispose()
    return { exact, drawn }
  })
  const [score, ...others] = Object.values(exact)
  for (const other of others) assert.equal(other, score, JSON.stringify(exact))
  for (const other of Object.values(drawn)) assert.ok(Math.abs(other - score) <= DRAWN_TOLERANCE, `${score}: ${JSON.stringify(drawn)}`)
})

test('SVG is drawn by the page', async () => {
  const [disc, square] = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const svg = (shape) => new Blob([`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">${shape}</svg>`], { type: 'image/svg+xml' })
    const pictures = [svg('<circle cx="32" cy="32" r="30" fill="red"/>'), svg('<rect width="64" height="64" fill="blue"/>')]
    const { results } = await reranker.rerank({ query: 'a disc', documents: pictures.map((image) => ({ image })) }, { strict: true })
    reranker.dispose()
    return [0, 1].map((index) => results.find((result) => result.index === index).relevance_score)
  })
  assert.notEqual(disc, square)
})
