// Vision and GGUF models through the built package, in a real browser: scores against the reference, every type of picture
// that a page can hand over, and pictures that fail.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { open } from './harness.mjs'

/** As in tests/vision.rs: videos are among the cases. */
const SCORE_TOLERANCE = 1e-4
/** Products of quantized weights on the CPU round activations to 16 bits. 1.1e-4 was seen. */
const INTEGER_TOLERANCE = 3e-4
/** For pictures that went through the browser's own drawing or colour management. */
const DRAWN_TOLERANCE = 5e-3

const read = (...path) => JSON.parse(readFileSync(join(ROOT, 'tests', 'fixtures', ...path), 'utf8'))

let browser
before(async () => {
  browser = await open()
})
after(() => browser?.close())

/** Picture paths in the cases are relative to the file of the cases. */
const resolved = (base, request) =>
  JSON.parse(JSON.stringify(request), (_, value) => (typeof value === 'string' && value.startsWith('../pictures/') ? new URL(value, base).href : value))

async function largestDifference(options, list) {
  const page = await browser.page()
  const responses = await page.evaluate(
    async ({ options, list }) => {
      const reranker = await secondpass.Reranker.load(options)
      const responses = []
      for (const { request } of list) responses.push(await reranker.rerank(request))
      reranker.dispose()
      return responses
    },
    { options, list },
  )
  await page.close()
  let largest = 0
  list.forEach(({ scores }, i) => {
    assert.equal(responses[i].results.length, scores.length)
    for (const { index, relevance_score } of responses[i].results) largest = Math.max(largest, Math.abs(relevance_score - scores[index]))
  })
  return largest
}

function vlCases(model, wanted = () => true) {
  const base = `${browser.url}/fixtures/vl/${model}/cases.json`
  return read('vl', model, 'cases.json')
    .cases.filter((c) => c.max_pixels === undefined && wanted(c.name))
    .map((c) => ({ request: { ...resolved(base, c.request), max_length: c.max_length, raw_scores: true }, scores: c.scores }))
}

for (const model of ['vl-tied', 'vl-untied', 'jina-m0', 'jina-m0-nested']) {
  test(`${model} on cpu matches the reference scores in every case`, async () => {
    const largest = await largestDifference({ model: `/fixtures/vl/${model}`, device: 'cpu' }, vlCases(model))
    console.log(`${model} on cpu: largest difference ${largest.toExponential(2)}`)
    assert.ok(largest <= SCORE_TOLERANCE, `${largest}`)
  })
  test(`${model} on webgpu matches the reference scores`, async () => {
    const wanted = (name) =>
      ['text-and-image', 'image-both-sides', 'cut-beside-image', 'image-image', 'both'].includes(name) || (model === 'vl-tied' && name === 'video-and-image')
    const largest = await largestDifference({ model: `/fixtures/vl/${model}`, device: 'webgpu' }, vlCases(model, wanted))
    console.log(`${model} on webgpu: largest difference ${largest.toExponential(2)}`)
    assert.ok(largest <= SCORE_TOLERANCE, `${largest}`)
  })
}

for (const { file, vision, of, scores } of read('gguf', 'models.json')) {
  for (const device of ['cpu', 'webgpu']) {
    test(`${file} on ${device} matches the reference scores of its dequantized weights`, async () => {
      const base = `${browser.url}/fixtures/${of}/cases.json`
      const names = Object.keys(scores).slice(0, device === 'cpu' ? undefined : 3)
      const list = read(...of.split('/'), 'cases.json')
        .cases.filter((c) => names.includes(c.name))
        .map((c) => ({ request: resolved(base, c.request), scores: scores[c.name] }))
      const options = { model: `/fixtures/gguf/${file}`, device, ...(vision && { vision: `/fixtures/gguf/${vision}` }) }
      const largest = await largestDifference(options, list)
      console.log(`${file} on ${device}: largest difference ${largest.toExponential(2)}`)
      assert.ok(largest <= (device === 'cpu' ? INTEGER_TOLERANCE : SCORE_TOLERANCE), `${largest}`)
    })
  }
}

test('every type of picture object gives the same score', async () => {
  const page = await browser.page()
  const { exact, drawn } = await page.evaluate(async () => {
    const url = '/fixtures/vl/pictures/shapes.png'
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const score = async (image) => (await reranker.rerank({ query: 'a disc', documents: [{ image }] })).results[0].relevance_score
    const blob = await (await fetch(url)).blob()
    const buffer = await blob.arrayBuffer()
    const element = new Image()
    element.src = url
    await element.decode()
    const bitmap = await createImageBitmap(blob)
    const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height })
    canvas.getContext('2d').drawImage(bitmap, 0, 0)
    const offscreen = new OffscreenCanvas(bitmap.width, bitmap.height)
    offscreen.getContext('2d').drawImage(bitmap, 0, 0)
    const frame = new VideoFrame(bitmap, { timestamp: 0 })
    const dataUrl = await new Promise((resolve) => Object.assign(new FileReader(), { onload: (e) => resolve(e.target.result) }).readAsDataURL(blob))
    const exact = {}
    for (const [name, image] of Object.entries({
      url,
      absolute: new URL(url, location.href),
      object: { url },
      blob,
      buffer,
      view: new Uint8Array(buffer),
      dataUrl,
      element,
      'blob url': URL.createObjectURL(blob),
      list: [blob],
    }))
      exact[name] = await score(image)
    const parts = await reranker.rerank({ query: 'a disc', documents: [{ content: [{ type: 'image_url', image_url: { url } }] }] })
    exact.parts = parts.results[0].relevance_score
    const drawn = {}
    for (const [name, image] of Object.entries({
      bitmap,
      canvas,
      offscreen,
      frame,
      pixels: canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height),
    }))
      drawn[name] = await score(image)
    const still = { bitmap: bitmap.width > 0, buffer: buffer.byteLength > 0 }
    reranker.dispose()
    return { exact, drawn, still }
  })
  const want = exact.url
  for (const [name, score] of Object.entries(exact)) assert.equal(score, want, name)
  for (const [name, score] of Object.entries(drawn)) assert.ok(Math.abs(score - want) <= DRAWN_TOLERANCE, `${name}: ${score} for ${want}`)
})

test('SVG is rasterized by the browser, and alpha is blended onto white', async () => {
  const page = await browser.page()
  const { svg, white } = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const score = async (image) => (await reranker.rerank({ query: 'a disc', documents: [{ image }] })).results[0].relevance_score
    const svg = (fill) =>
      new Blob([`<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="${fill}"/></svg>`], {
        type: 'image/svg+xml',
      })
    const canvas = new OffscreenCanvas(64, 64)
    const context = canvas.getContext('2d')
    context.fillStyle = 'red'
    context.fillRect(0, 0, 64, 64)
    const result = { svg: [await score(svg('red')), await score(canvas)], white: [await score(svg('none')), await score(svg('white'))] }
    reranker.dispose()
    return result
  })
  assert.equal(svg[0], svg[1])
  assert.equal(white[0], white[1])
  assert.notEqual(svg[0], white[0])
})

test('a picture that fails is reported in meta.failed, or fails the request with strict', async () => {
  const page = await browser.page()
  const { errors, reports, alone } = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const png = new Uint8Array(await (await fetch('/fixtures/vl/pictures/shapes.png')).arrayBuffer())
    // A few bytes that claim to be 60,000 pixels wide and high.
    const hugeGif = [...new TextEncoder().encode('GIF89a'), 0x60, 0xea, 0x60, 0xea, 0, 0, 0, 0x2c, 0, 0, 0, 0, 0x60, 0xea, 0x60, 0xea, 0, 2, 0, 0x3b]
    const errors = {}
    const reports = {}
    const run = async (name, image) => {
      const request = { query: 'q', documents: ['a', { image }] }
      errors[name] = (await outcome(() => reranker.rerank(request, { strict: true }))).error
      const { ok: value, error } = await outcome(() => reranker.rerank(request))
      reports[name] = error ?? { scored: value.results.map(({ index }) => index), failed: value.meta.failed }
    }
    for (const [name, image] of Object.entries({
      image_unavailable: '/fixtures/vl/pictures/none.png',
      empty_image: new Blob([]),
      unsupported_image: new Blob(['hello, this is text']),
      corrupt_image: new Blob([png.slice(0, png.length / 2)]),
      image_too_large: new Blob([new Uint8Array(hugeGif)]),
      invalid_request: new Map(),
    }))
      await run(name, image)
    const thin = new OffscreenCanvas(900, 4)
    thin.getContext('2d').fillRect(0, 0, 1, 1)
    await run('bad_aspect_ratio', thin)
    const alone = await outcome(() => reranker.rerank({ query: 'q', documents: [{ image: thin }] }))
    reranker.dispose()
    return { errors, reports, alone }
  })
  assert.equal(alone.error?.code, 'bad_aspect_ratio', 'the only document failed, so the request fails')
  assert.equal(reports.invalid_request.code, 'invalid_request', 'an object that is no picture makes the request invalid')
  delete reports.invalid_request
  for (const [code, { scored, failed }] of Object.entries(reports)) {
    assert.deepEqual(scored, [0], code)
    assert.deepEqual(
      failed.map(({ index, code }) => [index, code]),
      [[1, code]],
    )
    assert.match(failed[0].message, /documents\[1\]/)
  }
  for (const [code, error] of Object.entries(errors)) {
    assert.equal(error?.code, code, `${code}: ${error?.message}`)
    if (code !== 'invalid_request') assert.match(error.message, /documents\[1\]/)
  }
})

test('an abort ends a request that is fetching a picture', async () => {
  const page = await browser.page()
  const { error, took } = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 200)
    const start = performance.now()
    const { error } = await outcome(() =>
      reranker.rerank({ query: 'q', documents: [{ image: '/fault/stall/tiny-tied/model.safetensors' }] }, { signal: controller.signal }),
    )
    reranker.dispose()
    return { error, took: performance.now() - start }
  })
  assert.equal(error.name, 'AbortError')
  assert.ok(took < 2000, `${took} ms`)
})

test("return_documents gives back the same object, and the caller's buffers are not transferred", async () => {
  const page = await browser.page()
  const same = await page.evaluate(async () => {
    const reranker = await secondpass.Reranker.load({ model: '/fixtures/vl/vl-tied', device: 'cpu' })
    const bytes = new Uint8Array(await (await fetch('/fixtures/vl/pictures/shapes.png')).arrayBuffer())
    const documents = [{ image: bytes, text: 'A disc.' }, 'plain']
    const { results } = await reranker.rerank({ query: 'a disc', documents, return_documents: true })
    reranker.dispose()
    const of = (index) => results.find((r) => r.index === index).document
    return { picture: of(0) === documents[0], kept: bytes.byteLength > 0, text: of(1) }
  })
  assert.deepEqual(same, { picture: true, kept: true, text: { text: 'plain' } })
})
