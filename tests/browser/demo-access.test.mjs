// Accessibility of the demo: axe, keyboard, focus, screen reader announcements, reduced motion, layout at small widths.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { names, OPEN, openDemo, reranked } from './demo.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SHOTS = join(ROOT, 'target', 'screenshots')
const VIEWS = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light', deviceScaleFactor: 2 },
}

let demo
before(async () => {
  mkdirSync(SHOTS, { recursive: true })
  demo = await openDemo({ items: 24 })
})
after(() => demo?.close())

for (const [name, view] of Object.entries(VIEWS)) {
  test(`axe reports no serious violations: ${name}`, async () => {
    const page = await demo.page({ ...view, reducedMotion: 'reduce' })
    await reranked(page)
    await page.screenshot({ path: join(SHOTS, `test-${name}.png`), fullPage: true })
    await page.evaluate(AXE)
    const problems = []
    for (const tab of ['pictures', 'texts', 'weights', 'bench']) {
      await page.click(`#tab-${tab}`)
      if (tab === 'texts') await reranked(page)
      if (['pictures', 'texts'].includes(tab)) await page.click(`${OPEN} summary`)
      const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }))
      problems.push(
        ...violations
          .filter(({ impact }) => ['serious', 'critical'].includes(impact))
          .map(
            ({ id, nodes }) =>
              `${tab}: ${id}: ${nodes
                .slice(0, 3)
                .map(({ html }) => html.slice(0, 150))
                .join(' | ')}`,
          ),
      )
    }
    assert.deepEqual(problems, [])
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    assert.ok(wide <= 0, `${wide} pixels too wide`)
  })
}

test('all controls can be used with the keyboard', async () => {
  // Without a fragment, from where the browser would go on.
  const page = await demo.page({}, { path: '' })
  await reranked(page)
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.textContent)
  await page.evaluate(() => document.body.focus())
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'skip')
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'tab-texts')
  await page.keyboard.press('ArrowLeft')
  assert.equal(await focused(), 'tab-bench')
  await page.keyboard.press('Home')
  assert.equal(await focused(), 'tab-texts')
  await page.keyboard.press('ArrowRight')
  assert.equal(await focused(), 'tab-pictures')
  // The tab's code is fetched now.
  await page.waitForSelector(`${OPEN} .before .card`)
  assert.ok(await page.isVisible('#pictures'))
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'guide')
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'query')
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('umbrella')
  assert.equal((await names(page, 'before'))[0], 'umbrella')
  await page.keyboard.press('Enter')
  await reranked(page)
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle)
  assert.notEqual(outline, 'none')
  await page.focus(`${OPEN} .after .card button`)
  await page.keyboard.press('Enter')
  assert.ok(await page.isVisible(`${OPEN} .query-picture`))
  assert.equal(await focused(), 'query')
  await page.keyboard.press('Escape')
})

test('focus is kept when controls are replaced and cards are added', async () => {
  const page = await demo.page()
  await reranked(page)
  const focused = () => page.evaluate(() => document.activeElement.className)
  await page.fill(`${OPEN} .query`, 'camera')
  await page.focus(`${OPEN} .go`)
  await page.keyboard.press('Enter')
  await page.waitForSelector(`${OPEN} .cancel:visible`)
  assert.match(await focused(), /cancel/)
  await reranked(page)
  await page.waitForSelector(`${OPEN} .go:visible`)
  assert.match(await focused(), /go/)
  for (const tab of ['pictures', 'texts']) {
    await page.click(`#tab-${tab}`)
    await reranked(page)
    await page.focus(`${OPEN} .more`)
    await page.keyboard.press('Enter')
    const place = await page.evaluate(() => [...document.activeElement.closest('.cards').children].indexOf(document.activeElement.closest('.card')))
    assert.equal(place, tab === 'pictures' ? 20 : 10)
  }
})

for (const width of [320, 360, 768, 1280]) {
  test(`no content overflows a card or the page at ${width} pixels`, async () => {
    const page = await demo.page({ viewport: { width, height: 800 }, reducedMotion: 'reduce' })
    await reranked(page)
    await page.click(`${OPEN} .more`)
    // The widest label: a card that moved through the whole gallery.
    await page.$$eval(`${OPEN} .after .moved`, (all) =>
      all.forEach((moved) => {
        moved.textContent = '↑265'
      }),
    )
    const beyond = () =>
      page.$$eval('.search-panel:not([hidden]) .card', (all) => all.filter((card) => card.scrollWidth > card.clientWidth + 1).map((card) => card.textContent))
    assert.deepEqual(await beyond(), [])
    await page.click('#tab-texts')
    await reranked(page)
    assert.deepEqual(await beyond(), [])
    for (const tab of ['pictures', 'texts', 'weights', 'bench']) {
      await page.click(`#tab-${tab}`)
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, tab)
    }
  })
}

test('the end of a search is announced once', async () => {
  const page = await demo.page()
  await page.evaluate(() => {
    window.announced = []
    new MutationObserver(() => window.announced.push(document.querySelector('#live').textContent)).observe(document.querySelector('#live'), { childList: true })
  })
  await reranked(page)
  await page.waitForFunction(() => window.announced.length > 0)
  await page.waitForTimeout(1000)
  const announced = await page.evaluate(() => window.announced)
  assert.equal(announced.length, 1)
  assert.match(announced[0], /^24 candidates reranked\. Best: .+, score (0\.\d\d|below 0\.01)\.$/)
})

for (const [reducedMotion, moves] of [
  ['reduce', false],
  ['no-preference', true],
]) {
  test(`cards ${moves ? 'are' : 'are not'} animated with prefers-reduced-motion: ${reducedMotion}`, async () => {
    const page = await demo.page({ reducedMotion })
    await page.waitForSelector('body[data-model=ready]')
    await page.evaluate(() => {
      window.moved = 0
      const sample = () => {
        window.moved = Math.max(window.moved, document.getAnimations().filter((animation) => animation.playState === 'running').length)
        requestAnimationFrame(sample)
      }
      sample()
    })
    await page.click('text=I am very sad')
    await reranked(page)
    assert.equal((await page.evaluate(() => window.moved)) > 0, moves)
  })
}
