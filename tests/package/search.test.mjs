// The search index outside a page, a file that is built there, and the lines of the READMEs.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SearchIndex } from 'secondpass/search'
import { ROOT } from '../../scripts/lib.mjs'
import { open } from '../browser/harness.mjs'
import { passages } from '../browser/pages/search-parts.js'

let browser
before(async () => (browser = await open()))
after(() => browser?.close())

test('an index that is built in Node is one file, the same each time, and a page searches it without indexing', async () => {
  const build = async () => {
    const index = await SearchIndex.open('site', { fields: { title: 2, text: 1 } })
    assert.equal(index.info.storage, 'memory')
    await index.add(passages(300))
    return { file: Buffer.from(await (await index.export()).arrayBuffer()), hits: (await index.search('marble captain')).results }
  }
  const { file, hits } = await build()
  assert.equal(Buffer.compare((await build()).file, file), 0)
  let served = 0
  const host = browser.host({
    handle(_, __, response) {
      served++
      response.writeHead(200, { 'content-length': file.length }).end(file)
    },
  })
  const page = await browser.page()
  const seen = await page.evaluate(async (url) => {
    const { SearchIndex } = await import('/dist/search/index.js')
    const open = () => SearchIndex.open('site', { fields: { title: 2, text: 1 } })
    const index = await open()
    const imported = [await index.import(url), await index.import(url)]
    const { results } = await index.search('marble captain')
    index.dispose()
    const again = await open()
    return { imported, results, documents: again.info.documents, later: (await again.search('marble captain')).results }
  }, host)
  assert.deepEqual(seen.imported, [true, false])
  assert.equal(served, 2)
  assert.deepEqual(seen.results, hits)
  assert.deepEqual([seen.documents, seen.later], [300, hits])
  await page.close()
})

test('a script that uses an index ends by itself', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-search-'))
  try {
    const script = `import { writeFile } from 'node:fs/promises'
      const pages = [{ id: 1, title: 'a', body: 'b' }]
      ${snippets(join(ROOT, 'pkg', 'README.md'))[1]
        .replace("import { writeFile } from 'node:fs/promises'", '')
        .replace('public/search.sp', join(folder, 'search.sp'))}`
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT, encoding: 'utf8', timeout: 20_000 })
    assert.equal(status, 0, stderr)
    assert.equal(readFileSync(join(folder, 'search.sp'), 'latin1').slice(0, 8), 'SPSEARCH')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** The blocks of JavaScript that are about an index. */
const snippets = (path) =>
  [...readFileSync(path, 'utf8').matchAll(/```js\n(.*?)```/gs)]
    .map(([, code]) => code)
    .filter((code) => code.includes("import { SearchIndex } from 'secondpass/search'"))

for (const readme of ['README.md', 'pkg/README.md']) {
  test(`the lines of ${readme} run as they stand`, async () => {
    const page = await browser.page()
    const code = snippets(join(ROOT, readme))[0]
      .replace("'secondpass'", "'/dist/index.js'")
      .replace("'secondpass/search'", "'/dist/search/index.js'")
      .replace(/Embedder.load\(\{ model: '[^']+'/, "Embedder.load({ model: '/fixtures/embedding/bert-mean/', device: 'cpu'")
      .replace(/Reranker.load\(\{ model: '[^']+'/, "Reranker.load({ model: '/models/tiny-tied', device: 'cpu'")
    const lines = []
    page.on('console', (message) => lines.push(message.text()))
    await page.addScriptTag({ type: 'module', content: `${code}\nwindow.found = results` })
    await page.waitForFunction('window.found')
    const found = await page.evaluate(() => window.found)
    assert.deepEqual(found.map(({ id }) => id).sort(), [1, 2])
    assert.deepEqual(
      found.map(({ ranks }) => ranks.reranked),
      [1, 2],
    )
    assert.ok(found[0].score > found[1].score)
    assert.deepEqual(lines.slice(0, 2), ['keywords 2', 'vectors 2'])
    assert.ok(found.every(({ scores }) => scores.vectors !== undefined))
    assert.equal(lines.filter((line) => line.startsWith('reranked')).at(-1), 'reranked 2')
    await page.close()
  })
}
