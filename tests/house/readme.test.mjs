// Figures in README.md are those of the page that they were taken from.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const CARD = 'training/text/MODEL_CARD.md'

/** The first table behind a heading: its rows by their first cells, each with its cells by the table's head. */
function tableUnder(file, heading) {
  const text = readFileSync(join(ROOT, file), 'utf8')
  const from = text.indexOf(`\n## ${heading}\n`)
  assert.ok(from >= 0, `${file} has no section "${heading}"`)
  const lines = /\n((?:\|.*\|\n)+)/.exec(text.slice(from))?.[1].trim().split('\n') ?? []
  const [head, , ...rows] = lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
  return { head, rows: new Map(rows.map((cells) => [cells[0], cells.slice(1)])) }
}

test("README.md gives the quality of the demo's search as the model's card does", () => {
  const readme = tableUnder('README.md', 'Quality')
  const card = tableUnder(CARD, 'Measured')
  const [first, ...rankers] = readme.head
  assert.equal(first, 'nDCG@10')
  assert.deepEqual(rankers, ['keywords', 'vectors', 'fused', 'reranked', 'blended'])
  assert.deepEqual([...readme.rows.keys()], ['trained on', 'git (never seen)', 'all'])
  for (const [collection, cells] of readme.rows) {
    const measured = rankers.map((ranker) => card.rows.get(collection)[card.head.indexOf(`${ranker} nDCG@10`) - 1])
    for (const cell of measured) assert.match(cell, /^0\.\d{3} \(0\.\d\d to 0\.\d\d\)$/)
    assert.deepEqual(cells, measured, `${collection}: copy the figures of ${CARD}`)
  }
})
