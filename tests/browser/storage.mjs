// What the tests of storage share: a small model as files, and loads that say what came of them.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/lib.mjs'

const FOLDER = join(ROOT, 'tests', 'fixtures', 'text', 'tiny-tied')

export const MODEL = Object.fromEntries(['config.json', 'tokenizer.json', 'model.safetensors'].map((name) => [name, readFileSync(join(FOLDER, name))]))
export const WEIGHTS = 'model.safetensors'
export const BYTES = Object.values(MODEL).reduce((sum, file) => sum + file.length, 0)

export const integrity = (bytes) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`
export const INTEGRITY = Object.fromEntries(Object.entries(MODEL).map(([name, bytes]) => [name, integrity(bytes)]))

/** Small pieces and short waits, so that a small file has as many troubles as a large one. */
export const QUICK = { pieceBytes: 32768, requests: 3, runPieces: 3, retryMs: 5, maxRetryMs: 40 }

/** The same where hosts stall. A busy machine may look like one that does, so nothing is counted there. */
export const STALLING = { ...QUICK, stallMs: 400 }

/** Loads in a page and scores one document: `{ ok: { score, info, events } }` or `{ error }`, and how long it took. */
export const load = (page, model, options = {}) =>
  page.evaluate(async ({ model, options }) => {
    const start = performance.now()
    const result = await outcome(async () => {
      const events = []
      const reranker = await secondpass.Reranker.load({ model, device: 'cpu', ...options }, { onProgress: (event) => events.push({ ...event, at: performance.now() - start }) })
      const loaded = performance.now() - start
      const { results } = await reranker.rerank({ query: 'what is a shore?', documents: ['where water meets land'] })
      reranker.dispose()
      return { score: results[0].relevance_score, info: reranker.info, events, loaded }
    })
    return { ...result, ms: performance.now() - start }
  }, { model, options: { download: QUICK, ...options } })

/** Stores a model's files without loading it: `{ ok: true }` or `{ error }`. */
export const add = (page, model, options = {}) =>
  page.evaluate(({ model, options }) => outcome(async () => {
    await secondpass.cache.add({ model, ...options })
    return true
  }), { model, options: { download: QUICK, ...options } })

/** The hashes of a model's stored files, by their names; false for one that is not right. */
export const hashes = async (page, model) => {
  const files = await page.evaluate((model) => secondpass.cache.verify(model), model)
  return Object.fromEntries(files.map((f) => [f.url.split('/').pop(), f.ok && f.integrity]))
}
