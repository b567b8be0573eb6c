// The user's own content in the demo: pictures, texts, a picture as the query, model weights; and the errors on the way.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DEMO } from '../../scripts/build.mjs'
import { ROOT } from '../../scripts/lib.mjs'
import { demoModel, drop, names, OPEN, openDemo, reranked, scores, showAll } from './demo.mjs'

const FIXTURES = join(ROOT, 'tests', 'fixtures')
const PICTURE = { name: 'my_shapes.png', type: 'image/png', bytes: readFileSync(join(FIXTURES, 'vl', 'pictures', 'shapes.png')).toString('base64') }
const text = (name, content, type = 'text/plain') => ({ name, type, bytes: Buffer.from(content).toString('base64') })

let demo
before(async () => {
  demo = await openDemo({ items: 12 })
})
after(() => demo?.close())

test('a dropped picture joins the search and is reranked', async () => {
  const page = await demo.page()
  await reranked(page)
  await drop(page, [PICTURE])
  await page.waitForSelector(`${OPEN} .after .own-mark`)
  await reranked(page)
  assert.ok((await names(page, 'after')).includes('my shapes'), 'a picture of the visitor’s is always shown')
  await showAll(page)
  assert.equal((await scores(page)).length, 13)
  assert.equal(await page.isVisible('#drop'), false)
  await page.click(`${OPEN} .after .own-mark`)
  await reranked(page)
  await showAll(page)
  assert.equal((await scores(page)).length, 12)
  assert.ok(!(await names(page, 'before')).includes('my shapes'))
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
})

test('dropped and typed texts join the pictures', async () => {
  const page = await demo.page()
  await page.waitForSelector(`${OPEN} .before .card`)
  await drop(page, [PICTURE, text('note.txt', 'A kite is held by a string.')])
  await page.click(`${OPEN} summary`)
  await page.fill(`${OPEN} .own-text`, 'A sail catches the wind.')
  await page.keyboard.press('Enter')
  await page.fill(`${OPEN} .query`, 'kite')
  assert.equal((await names(page, 'before'))[0], 'note.txt')
  await page.fill(`${OPEN} .query`, 'sail')
  assert.equal((await names(page, 'before'))[0], 'Your text 1')
  await page.keyboard.press('Enter')
  await reranked(page)
})

test('a picture can be the query, from a card or from a file', async () => {
  const page = await demo.page()
  await reranked(page)
  await page.click(`${OPEN} .after .card button`)
  assert.ok(await page.isVisible(`${OPEN} .query-picture`))
  assert.match(await page.textContent(`${OPEN} .first .caption`), /A picture has no keywords/)
  await reranked(page)
  const fromCard = await scores(page)
  await drop(page, [PICTURE], 'query')
  await page.waitForSelector(`${OPEN} .query-picture img[alt*="my shapes"]`)
  await reranked(page)
  assert.notDeepEqual(await scores(page), fromCard)
  await page.click(`${OPEN} .query-picture-off`)
  assert.equal(await page.isVisible(`${OPEN} .query-picture`), false)
  await page.setInputFiles(`${OPEN} .query-file`, { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(PICTURE.bytes, 'base64') })
  await page.waitForSelector(`${OPEN} .query-picture:visible`)
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
})

test('unreadable files are reported with the reason', async () => {
  const page = await demo.page()
  await reranked(page)
  await drop(page, [text('broken.png', 'no picture', 'image/png'), text('table.bin', 'x', 'application/octet-stream'), text('empty.txt', ' ')])
  await page.waitForSelector(`${OPEN} .problem:not(:empty)`)
  const problem = await page.textContent(`${OPEN} .problem`)
  assert.match(
    problem,
    /“broken.png” could not be read as a picture\. “table.bin” is neither a picture nor a clip nor a text file nor a GGUF\. “empty.txt” is empty\./,
  )
})

test('a failed model download is reported, the keyword pass still works, and a retry loads the model', async () => {
  demo.state.weights = 'fail'
  const page = await demo.page()
  await page.waitForSelector('body[data-model=failed]')
  assert.match(await page.textContent('#model-state'), /503.*\.$/)
  assert.match(await page.textContent(`${OPEN} .second .caption`), /503/)
  await page.fill(`${OPEN} .query`, 'camera')
  assert.equal((await names(page, 'before'))[0], 'camera')
  assert.match(await page.textContent(`${OPEN} .second .caption`), /no model/)
  demo.state.weights = 'serve'
  await page.click(`${OPEN} .again`)
  await reranked(page)
})

test("weights from a URL: errors for bad URLs, a model of the user's, managing its files, and back to the demo model", async () => {
  const page = await demo.page({}, { path: '#weights' })
  await page.waitForSelector('body[data-model=ready]')
  const problem = async (pattern) =>
    page.waitForFunction((source) => new RegExp(source).test(document.querySelector('#weights-problem').textContent), pattern.source)
  const load = async (address) => {
    await page.fill('#weights-model', address)
    await page.keyboard.press('Enter')
  }
  await load('')
  await problem(/Give the address of a model/)
  await load('file:///model.gguf')
  await problem(/does not begin with https/)
  await load(`${demo.url}own/nowhere/model.gguf`)
  await problem(/was not found|404/)
  assert.equal(await page.getAttribute('body', 'data-model'), 'ready', 'the previous model is kept')
  await load(`${demo.url}own/tiny-tied/`)
  // A text-only model, so the text tab opens.
  await page.waitForSelector('#texts:not([hidden])')
  await reranked(page)
  assert.match(await page.textContent('#model-state'), /^tiny-tied on CPU/)
  // Other models may be slow, so a search starts on Enter only.
  await page.fill(`${OPEN} .query`, 'wait for a thread')
  await page.waitForTimeout(1200)
  assert.match(await page.textContent(`${OPEN} .second .caption`), /until you press Enter/)
  await page.keyboard.press('Enter')
  await reranked(page)
  assert.equal((await scores(page)).length, 10, '10 of 30 are shown')
  await page.click('#tab-pictures')
  await page.waitForSelector(`${OPEN} .problem:not(:empty)`)
  assert.match(await page.textContent(`${OPEN} .problem`), /reads text only/)
  await page.click('#tab-weights')
  // The three stored files are listed as one model.
  const row = page.locator('#stored li')
  assert.match(await row.textContent(), /^tiny-tiedhttp.+\/own\/tiny-tied\/.*complete, 3 files/)
  await row.getByText('Use').click()
  assert.equal(await page.inputValue('#weights-model'), `${demo.url}own/tiny-tied/`)
  await row.getByText('Check').click()
  await row.getByText('Checked: all of it').waitFor()
  await row.getByText('Delete').click()
  await page.waitForSelector('#stored-none:visible')
  await page.click('#weights-demo')
  await page.click('#tab-pictures')
  await reranked(page)
})

for (const end of ['failed', 'stopped']) {
  test(`after a ${end} load of other weights the previous model is used`, async () => {
    const page = await demo.page({}, { path: '#weights' })
    await page.waitForSelector('body[data-model=ready]')
    demo.state.own = end === 'stopped' ? 'hang' : 'serve'
    await page.fill('#weights-model', `${demo.url}own/${end === 'stopped' ? 'tiny-tied' : 'nowhere'}/`)
    await page.keyboard.press('Enter')
    if (end === 'stopped') await page.click('#weights-cancel')
    await page.waitForSelector(end === 'stopped' ? '#weights-state:not(:empty)' : '#weights-problem:not(:empty)')
    demo.state.own = 'serve'
    await page.click('#tab-pictures')
    await page.fill(`${OPEN} .query`, 'camera')
    await page.keyboard.press('Enter')
    await reranked(page)
    await showAll(page)
    assert.equal((await scores(page)).length, 12)
    assert.equal(await page.textContent(`${OPEN} .problem`), '')
  })
}

test('weights from files', { skip: !demoModel().pictures.trained && 'this build has no GGUF model' }, async () => {
  const page = await demo.page({}, { path: '#weights' })
  await page.waitForSelector('body[data-model=ready]')
  for (const name of ['model', 'vision']) await page.setInputFiles(`#weights-${name}-file`, join(DEMO, demoModel().pictures[name]))
  await page.click('#weights-form button[type=submit]')
  if (await page.evaluate(async () => 'cache' in (await import('./secondpass/index.js')))) {
    await page.waitForSelector('#pictures:not([hidden])')
    await reranked(page)
    assert.match(await page.textContent('#model-state'), /\.gguf on CPU/)
  } else {
    await page.waitForFunction(() => /reads weights from addresses only/.test(document.querySelector('#weights-problem').textContent))
  }
})

test('the benchmark tab gives JSON to copy', async () => {
  const page = await demo.page({ permissions: ['clipboard-read', 'clipboard-write'] })
  await page.waitForSelector('body[data-model=ready]')
  await page.click('#tab-bench')
  await page.click('#bench-run')
  await page.click('#bench-copy')
  await page.waitForFunction(() => document.querySelector('#bench-state').textContent === 'Copied.')
  const result = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))
  assert.equal(result.runs.length, 3)
  assert.equal(result.device, 'cpu')
  assert.ok(result.runs.every((run) => run.documents === 12 && run.documents_per_second > 0 && run.tokens > 0 && run.first_score_ms <= run.last_score_ms))
  assert.ok(result.runs[0].vision_ms > 2 * result.runs[1].vision_ms, 'the second run takes pictures from the cache')
  await page.click('#bench-run')
  await page.waitForFunction((old) => document.querySelector('#bench-json').textContent !== old, JSON.stringify(result, null, 2))
  const { runs } = JSON.parse(await page.textContent('#bench-json'))
  assert.ok(runs[0].vision_ms > 2 * runs[1].vision_ms, 'a second benchmark starts with an empty picture cache')
  assert.ok('adapter' in result && 'kernels' in result && result.secondpass && result.browser && result.load_ms > 0)
})

test('devices are compared, and the chart can be copied as a picture', async () => {
  const page = await demo.page({ permissions: ['clipboard-read', 'clipboard-write'] })
  await page.waitForSelector('body[data-model=ready]')
  await page.click('#tab-bench')
  await page.click('#bench-compare')
  await page.waitForSelector('#bench-figure img')
  const alt = await page.getAttribute('#bench-figure img', 'alt')
  assert.match(alt, /^CPU, one worker: [\d.]+/)
  const cores = await page.evaluate(() => Math.min(navigator.hardwareConcurrency, 8))
  if (cores > 1) assert.match(alt, new RegExp(`; CPU, ${cores} workers: [\\d.]+`), 'the demo’s model is shared among workers')
  assert.ok(await page.$eval('#bench-figure img', async (image) => (await image.decode(), image.naturalWidth > 300)))
  await page.click('text=Copy the picture')
  await page.waitForFunction(() => document.querySelector('#bench-state').textContent === 'Copied.')
  const type = await page.evaluate(async () => (await navigator.clipboard.read())[0].types[0])
  assert.equal(type, 'image/png')
  assert.match(await page.textContent('#model-state'), /on CPU/, 'the page’s own model is still loaded')
})

test('the catalogue lists models with size, licence and whether they fit, and loads one from the hub', async () => {
  const page = await demo.page({}, { path: '#weights' })
  await page.waitForSelector('.model-card')
  const first = await page.textContent('.model-card >> nth=0')
  assert.match(first, /ettin-reranker-32m-v1.*MB · English · Apache-2\.0.*Runs here/s)
  assert.ok((await page.$$('.model-card:visible')).length < 10)
  await page.click('.more-models')
  assert.ok((await page.$$('.model-card:visible')).length > 25)
  assert.match(await page.textContent('[data-id="jinaai/jina-reranker-v2-base-multilingual"]'), /not for commercial use/)
  // The hub is not reached from here; what is asked for shows that the address is right.
  const asked = page.waitForRequest(/huggingface\.co\/cross-encoder\/ettin-reranker-32m-v1\/resolve\/main\/config\.json/)
  await page.click('[data-id="cross-encoder/ettin-reranker-32m-v1"] button')
  await asked
})
