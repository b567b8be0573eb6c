// A clip in the demo: its pictures join the search, play it from there, and go again.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DEMO } from '../../scripts/build.mjs'
import { ROOT } from '../../scripts/lib.mjs'
import { nearestColour, recordClip, WEBM } from './clip.mjs'
import { demoModel, drop, names, OPEN, openDemo, reranked, scores, showAll } from './demo.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SHOTS = join(ROOT, 'target', 'screenshots')
const ITEMS = 12

let demo
let clip
before(async () => {
  mkdirSync(SHOTS, { recursive: true })
  demo = await openDemo({ items: ITEMS })
  const page = await demo.page()
  clip = { name: 'my_clip.webm', type: WEBM, bytes: await recordClip(page) }
  await page.close()
})
after(() => demo?.close())

/** A page that counts the addresses of files that are in use. */
async function opened(options) {
  const page = await demo.page(options)
  await page.evaluate(() => {
    window.inUse = new Set()
    const [make, revoke] = [URL.createObjectURL.bind(URL), URL.revokeObjectURL.bind(URL)]
    URL.createObjectURL = (file) => {
      const url = make(file)
      window.inUse.add(url)
      return url
    }
    URL.revokeObjectURL = (url) => {
      window.inUse.delete(url)
      revoke(url)
    }
  })
  await reranked(page)
  return page
}

const moments = async (page, column = 'after') => (await names(page, column)).filter((name) => name.startsWith('my clip'))
const added = (page, count) =>
  page.waitForFunction(({ open, count }) => document.querySelectorAll(`${open} .before .plays`).length >= count, { open: OPEN, count })
const card = (page, name) => page.locator(`${OPEN} .after .card`, { hasText: name }).locator('.plays')

test("a dropped clip's moments join the search, are reranked, and the notice says what the demo model is for", async () => {
  const page = await opened()
  await drop(page, [clip])
  await added(page, 4)
  await reranked(page)
  const found = await moments(page)
  assert.deepEqual([...found].sort().slice(0, 4), ['my clip 0:00', 'my clip 0:01', 'my clip 0:02', 'my clip 0:03'])
  await showAll(page)
  const values = await scores(page)
  assert.equal(values.length, ITEMS + found.length)
  assert.deepEqual(
    values,
    values.toSorted((a, b) => b - a),
  )
  assert.match(await page.textContent(`${OPEN} .notice`), /emoji only.*Qwen3-VL-Reranker/)
  assert.equal(await page.isVisible(`${OPEN} .clip-state`), false)
  await page.fill(`${OPEN} .query`, 'my clip')
  assert.ok((await names(page, 'before')).slice(0, found.length).every((name) => name.startsWith('my clip')))
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
  await page.close()
})

for (const colorScheme of ['light', 'dark']) {
  test(`a moment plays the clip from there, in a dialog that axe finds nothing wrong with: ${colorScheme}`, async () => {
    const page = await opened({ colorScheme, reducedMotion: 'reduce' })
    await page.setInputFiles(`${OPEN} .own-files`, { name: clip.name, mimeType: 'video/webm', buffer: Buffer.from(clip.bytes, 'base64') })
    await added(page, 4)
    await reranked(page)
    const third = card(page, 'my clip 0:02')
    assert.equal(await third.getAttribute('aria-label'), 'Play my clip 0:02')
    await third.focus()
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelector('#clip video').readyState >= 2 && !document.querySelector('#clip video').seeking)
    const shown = await page.evaluate(() => {
      const video = document.querySelector('#clip video')
      const canvas = Object.assign(document.createElement('canvas'), { width: 8, height: 8 })
      canvas.getContext('2d').drawImage(video, 0, 0, 8, 8)
      return { time: video.currentTime, paused: video.paused, pixel: [...canvas.getContext('2d').getImageData(4, 4, 1, 1).data.slice(0, 3)] }
    })
    assert.equal(shown.time, 2)
    assert.ok(shown.paused, 'it plays by itself although motion is not wanted')
    assert.ok(['green', 'blue'].includes(nearestColour(shown.pixel)), `${shown.pixel}`)
    await page.screenshot({ path: join(SHOTS, `test-clip-${colorScheme}.png`) })
    await page.evaluate(AXE)
    const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 150)}`),
      [],
    )
    await page.keyboard.press('Escape')
    assert.equal(await page.isVisible('#clip'), false)
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Play my clip 0:02')
    // A dialog tells of its closing in a task of its own.
    await page.waitForFunction(() => !document.querySelector('#clip video').hasAttribute('src'))
    await page.close()
  })
}

test('where motion is wanted the clip plays on from the moment', async () => {
  const page = await opened({ reducedMotion: 'no-preference' })
  await drop(page, [clip])
  await added(page, 4)
  await reranked(page)
  await card(page, 'my clip 0:01').click()
  await page.waitForFunction(() => document.querySelector('#clip video').currentTime > 1.2)
  await page.click('#clip .clip-similar')
  await page.waitForSelector(`${OPEN} .query-picture img[alt*="my clip 0:01"]`)
  await reranked(page)
  assert.deepEqual(page.observed, { errors: [], foreign: [] })
  await page.close()
})

test('moments are removed one by one or with their clip, and nothing of it is kept', async () => {
  const page = await opened()
  const before = await page.evaluate(() => window.inUse.size)
  await drop(page, [clip])
  await added(page, 4)
  await reranked(page)
  const count = (await moments(page)).length
  await page.locator(`${OPEN} .after .card`, { hasText: 'my clip 0:02' }).locator('.own-mark').click()
  await reranked(page)
  assert.equal((await moments(page)).length, count - 1)
  await card(page, 'my clip 0:01').click()
  await page.click('#clip .clip-remove')
  await reranked(page)
  assert.deepEqual(await moments(page), [])
  assert.equal(await page.evaluate(() => window.inUse.size), before)
  assert.match(await page.evaluate(() => document.activeElement.className), /go|cancel/)
  await showAll(page)
  assert.equal((await scores(page)).length, ITEMS)
  await page.close()
})

test('what is no clip is refused with the reason, and what came with it is taken', async () => {
  const page = await opened()
  const text = { name: 'notes.mp4', type: 'video/mp4', bytes: Buffer.from('These are notes.\n'.repeat(30)).toString('base64') }
  await drop(page, [text, clip])
  await page.waitForFunction((open) => /notes\.mp4 is not a video/.test(document.querySelector(`${open} .problem`).textContent), OPEN)
  assert.ok((await moments(page, 'before')).length >= 4)
  await page.close()
})

test('taking pictures can be stopped; what was taken stays', async () => {
  const page = await opened()
  const many = Array.from({ length: 30 }, (_, i) => ({ ...clip, name: `my_clip_${i}.webm` }))
  await drop(page, many)
  await page.waitForSelector(`${OPEN} .clip-state:visible`)
  assert.match(await page.textContent(`${OPEN} .clip-state`), /“my_clip_\d+\.webm”/)
  await added(page, 1)
  await page.click(`${OPEN} .clip-stop`)
  await page.waitForSelector(`${OPEN} .clip-state`, { state: 'hidden' })
  if (await page.isVisible(`${OPEN} .more`)) await page.click(`${OPEN} .more`)
  const left = await moments(page, 'before')
  await page.waitForTimeout(1000)
  assert.deepEqual(await moments(page, 'before'), left)
  assert.ok(left.length >= 1 && left.length < 30 * 4, `${left.length} moments`)
  assert.equal(await page.isVisible(`${OPEN} .clip-state`), false)
  // Clips that come later are taken again.
  await drop(page, [{ ...clip, name: 'my_clip_late.webm' }])
  await page.waitForFunction((open) => [...document.querySelectorAll(`${open} .before .name`)].some(({ textContent }) => textContent.includes('late')), OPEN)
  await page.close()
})

test("with the user's own weights as many candidates are read as a clip has moments", {
  skip: !demoModel().pictures.trained && 'this build has no GGUF model',
}, async () => {
  const page = await demo.page({}, { path: '#weights' })
  await page.waitForSelector('body[data-model=ready]')
  for (const name of ['model', 'vision']) await page.setInputFiles(`#weights-${name}-file`, join(DEMO, demoModel().pictures[name]))
  await page.click('#weights-form button[type=submit]')
  await page.waitForSelector('#pictures:not([hidden])')
  await page.waitForFunction(() => /own|\.gguf/.test(document.querySelector('#model-state').textContent) && document.body.dataset.model === 'ready')
  assert.equal(await page.inputValue(`${OPEN} .limit`), '20')
  await drop(
    page,
    Array.from({ length: 6 }, (_, i) => ({ ...clip, name: `my_clip_${i}.webm` })),
  )
  await page.waitForFunction((open) => document.querySelector(`${open} .limit`).value === '60', OPEN)
  await page.close()
})
