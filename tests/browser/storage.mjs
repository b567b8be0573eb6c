// Shared by the storage tests: a small model as files, and loads that return their outcome.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/lib.mjs'
import { open } from './harness.mjs'

const FOLDER = join(ROOT, 'tests', 'fixtures', 'text', 'tiny-tied')

export const MODEL = Object.fromEntries(['config.json', 'tokenizer.json', 'model.safetensors'].map((name) => [name, readFileSync(join(FOLDER, name))]))
export const WEIGHTS = 'model.safetensors'
export const BYTES = Object.values(MODEL).reduce((sum, file) => sum + file.length, 0)

export const integrity = (bytes) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`
export const INTEGRITY = Object.fromEntries(Object.entries(MODEL).map(([name, bytes]) => [name, integrity(bytes)]))

/** Small pieces and short waits, so that a small file goes through as many requests and retries as a large one. */
export const QUICK = { pieceBytes: 32768, requests: 3, runPieces: 3, retryMs: 5, maxRetryMs: 40 }

/** With a short stall timeout. On a busy machine it may expire without a fault, so requests are not counted with it. */
export const STALLING = { ...QUICK, stallMs: 400 }

/** A browser, a page, and the score that every load must give. */
export async function begin() {
  const browser = await open()
  const page = await browser.page()
  const { ok } = await load(page, '/models/tiny-tied', { cache: 'memory' })
  return { browser, page, score: ok.score }
}

/** Loads in a page and scores one document: `{ ok: { score, info, events } }` or `{ error }`, and how long it took. */
export const load = (page, model, options = {}) =>
  page.evaluate(
    async ({ model, options }) => {
      const start = performance.now()
      const result = await outcome(async () => {
        const events = []
        const reranker = await secondpass.Reranker.load(
          { model, device: 'cpu', ...options },
          { onProgress: (event) => events.push({ ...event, at: performance.now() - start }) },
        )
        const loaded = performance.now() - start
        const { results } = await reranker.rerank({ query: 'what is a shore?', documents: ['where water meets land'] })
        reranker.dispose()
        return { score: results[0].relevance_score, info: reranker.info, events, loaded }
      })
      return { ...result, ms: performance.now() - start }
    },
    { model, options: { download: QUICK, ...options } },
  )

/** Downloads a model without loading it: `{ ok: true }` or `{ error }`. */
export const add = (page, model, options = {}) =>
  page.evaluate(
    ({ model, options }) =>
      outcome(async () => {
        await secondpass.cache.add({ model, ...options })
        return true
      }),
    { model, options: { download: QUICK, ...options } },
  )

/** The hashes of a model's stored files by name; false for a damaged file. */
export const hashes = async (page, model) => {
  const files = await page.evaluate((model) => secondpass.cache.verify(model), model)
  return Object.fromEntries(files.map((f) => [f.url.split('/').pop(), f.ok && f.integrity]))
}

/** Changes bytes of the largest stored file behind the package's back. */
export const damage = (page, change) =>
  page.evaluate(async (change) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('secondpass')
    let largest
    for await (const handle of folder.values()) {
      if (!handle.name.endsWith('.data')) continue
      const file = await handle.getFile()
      if (!largest || file.size > largest.file.size) largest = { handle, file }
    }
    const bytes = new Uint8Array(await largest.file.arrayBuffer())
    const writable = await largest.handle.createWritable()
    if (change.truncate !== undefined) await writable.write(bytes.slice(0, change.truncate))
    else {
      for (const at of change.flip) bytes[at] ^= 1
      await writable.write(bytes)
    }
    await writable.close()
  }, change)

/** Splits a safetensors file into shards and an index. */
export function shards(bytes, count) {
  const length = Number(bytes.readBigUInt64LE(0))
  const { __metadata__, ...tensors } = JSON.parse(bytes.subarray(8, 8 + length))
  const data = bytes.subarray(8 + length)
  const [files, map] = [{}, {}]
  for (let i = 0; i < count; i++) {
    const file = `model-${String(i + 1).padStart(5, '0')}-of-${String(count).padStart(5, '0')}.safetensors`
    const [header, parts] = [{}, []]
    let at = 0
    for (const [
      name,
      {
        data_offsets: [from, to],
        ...rest
      },
    ] of Object.entries(tensors).filter((_, n) => n % count === i)) {
      header[name] = { ...rest, data_offsets: [at, (at += to - from)] }
      parts.push(data.subarray(from, to))
      map[name] = file
    }
    const json = Buffer.from(JSON.stringify(header).padEnd(8 * Math.ceil(JSON.stringify(header).length / 8)))
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(json.length))
    files[file] = Buffer.concat([size, json, ...parts])
  }
  return { ...files, 'model.safetensors.index.json': Buffer.from(JSON.stringify({ metadata: {}, weight_map: map })) }
}
