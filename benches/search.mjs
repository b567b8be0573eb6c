// Measures the search index as it grows: building, size, memory, opening, and the time of each stage.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fail } from '../scripts/lib.mjs'
import { memoryOf } from '../scripts/memory.mjs'
import { openPage } from './lib/browser.mjs'
import { curves } from './lib/curves.mjs'
import { describe } from './lib/machine.mjs'
import { say } from './lib/say.mjs'
import { BENCHES, startServer } from './lib/server.mjs'

const HELP = `Measures secondpass/search with 1,000 to 100,000 passages of 90 words and one vector of 384 numbers each, in Chromium,
and writes benches/results/search.json and search.svg.

  node benches/search.mjs [--sizes 1000,10000,100000] [--no-save]

The embedder answers at once, so the time of a model is none of these times.`
const { values } = parseArgs({
  options: { sizes: { type: 'string', default: '1000,10000,100000' }, 'no-save': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const sizes = values.sizes.split(',').map(Number)
if (!sizes.every((size) => size > 0)) fail(`--sizes ${values.sizes}: numbers with commas between them`)

const [DIMENSIONS, QUERIES, OPENINGS] = [384, 30, 3]
const server = await startServer()
try {
  const rows = []
  for (const size of sizes) {
    say(`${size} passages`)
    rows.push(await measure(size))
    print(rows.at(-1))
  }
  if (!values['no-save']) save(rows, await describe(server.url, { gpu: false }))
} finally {
  await server.close()
}

/** A new browser for building, another one for the visits: nothing is left in its memory. */
async function measure(size) {
  const profile = mkdtempSync(join(tmpdir(), 'secondpass-'))
  try {
    const first = await openPage(server.url, { profile })
    const blank = await memoryOf(first.browser)
    const built = await first.page.evaluate(build, { size, dimensions: DIMENSIONS })
    const memory = await memoryOf(first.browser)
    await first.browser.close()
    const visits = []
    for (let i = 0; i < OPENINGS; i++) {
      const { browser, page } = await openPage(server.url, { profile })
      const before = await memoryOf(browser)
      visits.push(await page.evaluate(visit, { dimensions: DIMENSIONS, count: i === 0 ? QUERIES : 1, size }))
      visits.at(-1).memory = (await memoryOf(browser))?.page.now - before?.page.now
      await browser.close()
    }
    const best = (key) => Math.min(...visits.map((result) => result[key]))
    return { size, ...built, build_memory: memory?.page.peak - blank?.page.peak, ...visits[0], open_ms: best('open_ms'), first_ms: best('first_ms') }
  } finally {
    rmSync(profile, { recursive: true, force: true })
  }
}

/** In the page. */
async function build({ size, dimensions }) {
  const { SearchIndex } = await import('/engines/ours/search/index.js')
  const { numberOf, passages, vectorOf } = await import('/pages/passages.js')
  const embed = async ({ input }) => ({ data: input.map((text, index) => ({ index, embedding: vectorOf(numberOf(text), dimensions) })) })
  const index = await SearchIndex.open('bench', { fields: { title: 2, text: 1 }, embedder: { embed, info: { identity: 'bench' } } })
  const start = performance.now()
  let stored = 0
  await index.add(passages(size), { onProgress: ({ stage }) => stage === 'store' && (stored = performance.now() - start) })
  const built = performance.now() - start
  const exporting = performance.now()
  const { size: export_bytes } = await index.export()
  const { bytes, files } = index.info
  return { keywords_build_ms: stored, build_ms: built, export_ms: performance.now() - exporting, export_bytes, log_bytes: bytes, files }
}

/** In the page of another visit. */
async function visit({ dimensions, count, size }) {
  const { SearchIndex } = await import('/engines/ours/search/index.js')
  const { numberOf, passages, queries, vectorOf } = await import('/pages/passages.js')
  const embed = async ({ input }) => ({ data: input.map((text, index) => ({ index, embedding: vectorOf(numberOf(text), dimensions) })) })
  const start = performance.now()
  const index = await SearchIndex.open('bench', { fields: { title: 2, text: 1 }, embedder: () => ({ embed, info: { identity: 'bench' } }) })
  const open_ms = performance.now() - start
  const texts = queries(count)
  await index.search(texts[0], { mode: 'keywords' })
  const first_ms = performance.now() - start
  const times = { keywords: [], vectors: [], whole: [] }
  let found = 0
  for (const text of texts) {
    const { stages } = await index.search(text)
    const { ms } = (await index.search(text, { mode: 'vectors' })).stages[1]
    times.keywords.push(stages[0].ms)
    times.vectors.push(ms)
    times.whole.push(stages[1].ms)
  }
  // The first ten by vectors, beside those of the vectors as they were.
  if (count > 1) {
    const unit = (vector) => vector.map((x) => x / Math.hypot(...vector))
    const all = [...passages(size)].map(({ id, title, text }) => ({ id, vector: unit(vectorOf(numberOf(`${title}\n${text}`), dimensions)) }))
    for (const text of texts.slice(0, 10)) {
      const query = unit(vectorOf(numberOf(text), dimensions))
      const scores = all.map(({ id, vector }) => [vector.reduce((sum, x, i) => sum + x * query[i], 0), id])
      const exact = new Set(
        scores
          .sort((a, b) => b[0] - a[0])
          .slice(0, 10)
          .map(([, id]) => id),
      )
      const { results } = await index.search(text, { mode: 'vectors' })
      found += results.filter(({ id }) => exact.has(id)).length
    }
  }
  const middle = (list) => [...list].sort((a, b) => a - b)[list.length >> 1]
  const keywords_worst_ms = Math.max(...times.keywords)
  return {
    open_ms,
    first_ms,
    keywords_ms: middle(times.keywords),
    keywords_worst_ms,
    vectors_ms: middle(times.vectors),
    fused_ms: middle(times.whole),
    recall: found / 100,
  }
}

function print(row) {
  const mb = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`
  const ms = (time) => `${time < 10 ? time.toFixed(1) : time.toFixed(0)} ms`
  console.log(`    stored and indexed for keywords in ${ms(row.keywords_build_ms)}, with vectors in ${ms(row.build_ms)}; exported in ${ms(row.export_ms)}
    log ${mb(row.log_bytes)} in ${row.files} files, exported ${mb(row.export_bytes)}; memory ${mb(row.memory)} open, ${mb(row.build_memory)} at most while building
    open ${ms(row.open_ms)}, first keywords after ${ms(row.first_ms)}
    keywords ${ms(row.keywords_ms)} (slowest ${ms(row.keywords_worst_ms)}), vectors ${ms(row.vectors_ms)}, both ${ms(row.fused_ms)}; recall@10 of the vectors ${row.recall.toFixed(3)}`)
}

function save(rows, { machine, versions }) {
  mkdirSync(join(BENCHES, 'results'), { recursive: true })
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(join(BENCHES, 'results', 'search.json'), `${JSON.stringify({ date, machine, versions, dimensions: DIMENSIONS, rows }, null, 2)}\n`)
  const last = rows.at(-1)
  const panel = (title, key) => ({
    title,
    unit: 'passages',
    points: rows.map((row) => ({ x: row.size, ms: row[key], model_ms: (last[key] * row.size) / last.size })),
  })
  const panels = [panel('opening', 'open_ms'), panel('keywords', 'keywords_ms'), panel('vectors, 384 numbers', 'vectors_ms')]
  const text = {
    title: 'The search index as it grows; dashed: in proportion to the largest',
    label: 'Time to open an index and of its stages, by the number of passages',
  }
  writeFileSync(join(BENCHES, 'results', 'search.svg'), curves(panels, `${date}, ${machine.cores} cores, Chromium ${versions.chromium}`, text))
}
