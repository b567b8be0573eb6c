// Fusion of ranked lists by reciprocal rank.

/** The constant of the method: with it the first places of a list count little more than those that follow. */
export const FUSION_K = 60

/**
 * The constant where the reranked order is fused with the others: its first places must count for more than those of lists that
 * hundreds of documents share (measured on the development questions of training/text).
 */
export const BLEND_K = 10

/** An id with its fused score. */
export interface FusedKey {
  key: string
  score: number
}

/** Adds 1 / (k + rank) over all lists in which an id stands. Equal sums: the better single rank, then the order of the lists. */
export function fuse(lists: readonly (readonly string[])[], k = FUSION_K): FusedKey[] {
  const sums = new Map<string, { score: number; best: number }>()
  for (const list of lists) {
    list.forEach((key, i) => {
      const entry = sums.get(key)
      if (!entry) sums.set(key, { score: 1 / (k + i + 1), best: i })
      else {
        entry.score += 1 / (k + i + 1)
        entry.best = Math.min(entry.best, i)
      }
    })
  }
  return [...sums].sort(([, a], [, b]) => b.score - a.score || a.best - b.best).map(([key, { score }]) => ({ key, score }))
}
