// The demo as an offline application, under a sub-path: service worker, precache, data saver, manifest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drop, names, OPEN, openDemo, reranked, scores } from './demo.mjs'

test('after one visit the demo works offline', async () => {
  const demo = await openDemo({ items: 12 })
  try {
    const page = await demo.page({ serviceWorkers: 'allow' })
    await page.waitForFunction(() => document.querySelector('#offline-state').textContent === 'Works without a network.')
    await reranked(page)
    const online = await scores(page)
    const kept = await page.evaluate(async () => await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).length)))
    const listed = await page.evaluate(async () => (await (await fetch('precache.js')).text()).match(/\[".+?"\]/g).length)
    assert.deepEqual(kept, [listed])

    await demo.stopServer()
    await page.context().setOffline(true)
    await page.reload()
    await reranked(page)
    assert.deepEqual(await scores(page), online)
    assert.ok((await names(page, 'before')).includes('scissors'))
    await page.click('#tab-texts')
    await reranked(page)
    await page.waitForFunction((open) => /vectors/.test(document.querySelector(`${open} .second .caption`).textContent), OPEN)
    await drop(page, [{ name: 'x.txt', type: 'text/plain', bytes: Buffer.from('hello').toString('base64') }])
    await page.waitForSelector(`${OPEN} .sources:visible`)
    assert.equal(await page.textContent(`${OPEN} .problem`), '')
    assert.deepEqual(page.observed.foreign, [])

    const second = await page.context().newPage()
    await second.goto(`${demo.url}?q=camera#pictures`)
    await second.waitForSelector(`${OPEN} .before .card`)
    assert.equal((await names(second, 'before'))[0], 'camera')
  } finally {
    await demo.close()
  }
})

test('precaching works on a host that redirects index.html to its folder', async () => {
  const demo = await openDemo({ items: 12, redirects: true })
  try {
    const page = await demo.page({ serviceWorkers: 'allow' })
    await page.waitForFunction(() => document.querySelector('#offline-state').textContent === 'Works without a network.')
    await page.reload()
    assert.match(await page.title(), /^secondpass/)
    await reranked(page)
  } finally {
    await demo.close()
  }
})

test('with saveData the model loads on request only, and is then kept for offline use', async () => {
  const demo = await openDemo({ items: 12 })
  try {
    const page = await demo.page({ serviceWorkers: 'allow' }, { path: 'manifest.json' })
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'connection', { value: { saveData: true } }))
    await page.goto(`${demo.url}#pictures`)
    await page.waitForSelector(`${OPEN} .again:visible`)
    await page.waitForTimeout(500)
    assert.equal(await page.getAttribute('body', 'data-model'), 'none')
    assert.equal(await page.textContent('#offline-state'), '')
    await page.click(`${OPEN} .again`)
    await page.waitForFunction(() => document.querySelector('#offline-state').textContent === 'Works without a network.')
  } finally {
    await demo.close()
  }
})

test('the manifest is installable and its icons exist', async () => {
  const demo = await openDemo({ items: 12 })
  try {
    const page = await demo.page()
    const found = await page.evaluate(async () => {
      const manifest = await (await fetch(document.querySelector('link[rel=manifest]').href)).json()
      const icons = await Promise.all(manifest.icons.map(async ({ src }) => (await fetch(src)).headers.get('content-type')))
      return { manifest, icons }
    })
    assert.equal(found.manifest.display, 'standalone')
    assert.equal(found.manifest.start_url, './')
    assert.deepEqual(found.icons, ['image/svg+xml', 'image/svg+xml'])
    const icon = await page.evaluate(async () => (await fetch(document.querySelector('link[rel=apple-touch-icon]').href)).headers.get('content-type'))
    assert.equal(icon, 'image/png')
  } finally {
    await demo.close()
  }
})
