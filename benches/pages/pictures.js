// Our engine with pictures: time by picture size, and the effect of the vision cache.
import { Reranker } from '/engines/ours/index.js'

const INSTRUCTION = 'Given a search query, retrieve relevant candidates that answer the query'
const QUERIES = ['a red circle beside a river', 'handwriting on a map']

/** Loads again for every setting, so that no caches carry over. */
export async function measure({ model, device, sizes, documents, edge }) {
  const measured = { load_ms: 0, sizes: [], cache: {} }
  const start = performance.now()
  let reranker = await Reranker.load({ model, device, workers: 1, dtype: 'q8_0' })
  measured.load_ms = performance.now() - start
  measured.info = reranker.info
  await rerank(reranker, QUERIES[0], [await picture(64, 99)])
  for (const size of sizes) measured.sizes.push({ edge: size, ...(await rerank(reranker, QUERIES[0], [await picture(size, size)])) })
  const pictures = await Promise.all(Array.from({ length: documents }, (_, i) => picture(edge, i)))
  for (const visionCache of [true, false]) {
    reranker.dispose()
    reranker = await Reranker.load({ model, device, workers: 1, dtype: 'q8_0', savings: { visionCache } })
    await rerank(reranker, QUERIES[0], [await picture(64, 99)])
    measured.cache[visionCache ? 'on' : 'off'] = [await rerank(reranker, QUERIES[0], pictures), await rerank(reranker, QUERIES[1], pictures)]
  }
  reranker.dispose()
  return { ...measured, documents, edge }
}

async function rerank(reranker, text, pictures) {
  const start = performance.now()
  const { results, usage, meta } = await reranker.rerank(
    { query: { text }, documents: pictures.map((image) => ({ image })), instruction: INSTRUCTION },
    { strict: true },
  )
  const scores = Array(pictures.length)
  for (const { index, relevance_score } of results) scores[index] = relevance_score
  return {
    total_ms: performance.now() - start,
    vision_ms: meta.timings.vision_ms,
    compute_ms: meta.timings.compute_ms,
    tokens: usage.total_tokens,
    cached_tokens: meta.cached_tokens,
    scores,
  }
}

/** A JPEG of shapes on a gradient, determined by the seed. */
async function picture(edge, seed) {
  const canvas = new OffscreenCanvas(edge, edge)
  const context = canvas.getContext('2d')
  const gradient = context.createLinearGradient(0, 0, edge, edge)
  gradient.addColorStop(0, `hsl(${(seed * 47) % 360} 60% 40%)`)
  gradient.addColorStop(1, `hsl(${(seed * 91 + 120) % 360} 60% 70%)`)
  context.fillStyle = gradient
  context.fillRect(0, 0, edge, edge)
  for (let i = 0; i < 24; i++) {
    const at = (n) => ((Math.imul(i * 7 + n + 31 * seed + 1, 2654435761) >>> 0) / 2 ** 32) * edge
    context.fillStyle = `hsl(${(i * 67 + seed) % 360} 80% 50%)`
    context.fillRect(at(0), at(1), at(2) / 4, at(3) / 4)
  }
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 })
}
