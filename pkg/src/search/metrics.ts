// How good a search is, by judged queries: the measures of trec_eval, as BEIR reports them.

/** Judgements: for each query the relevance of documents. Above 0 is relevant. */
export type Judgements = Readonly<Record<string, Readonly<Record<string, number>>>>

/** What was found: for each query the scores of documents. */
export type SearchRunScores = Readonly<Record<string, Readonly<Record<string, number>>>>

/** A mean over queries. */
export interface Measure {
  mean: number
  /** The 95 % interval of the mean, by drawing the queries again a thousand times, the same way each time. */
  interval: [low: number, high: number]
}

/** The measures of a run. */
export interface SearchQuality {
  /** How many queries were judged. As in trec_eval one that found nothing, or for which nothing is relevant, counts as 0. */
  queries: number
  /** nDCG of the first `cut`, with the relevance as gain. */
  ndcg: Record<number, Measure>
  /** The reciprocal rank of the first relevant document within the first `cut`. */
  mrr: Record<number, Measure>
  /** The part of the relevant documents that is among the first `cut`. */
  recall: Record<number, Measure>
}

/** The measures of one query. */
interface QueryQuality {
  ndcg: number
  reciprocalRank: number
  recall: number
}

const DRAWS = 1000

/**
 * Measures what searches found against judgements.
 *
 * ```ts
 * const { ndcg } = evaluate(judgements, { q1: { d3: 0.9, d7: 0.4 } })
 * console.log(ndcg[10].mean, ndcg[10].interval)
 * ```
 */
export function evaluate(judgements: Judgements, run: SearchRunScores, cuts: readonly number[] = [10, 100]): SearchQuality {
  const judged = Object.keys(judgements)
  const quality: SearchQuality = { queries: judged.length, ndcg: {}, mrr: {}, recall: {} }
  for (const cut of cuts) {
    const each = judged.map((query) => measureQuery(judgements[query] ?? {}, run[query] ?? {}, cut))
    quality.ndcg[cut] = mean(each.map(({ ndcg }) => ndcg))
    quality.mrr[cut] = mean(each.map(({ reciprocalRank }) => reciprocalRank))
    quality.recall[cut] = mean(each.map(({ recall }) => recall))
  }
  return quality
}

/** Measures one query. */
function measureQuery(relevance: Readonly<Record<string, number>>, scores: Readonly<Record<string, number>>, cut: number): QueryQuality {
  const found = ranked(scores)
    .slice(0, cut)
    .map((document) => Math.max(0, (Object.hasOwn(relevance, document) && relevance[document]) || 0))
  const ideal = Object.values(relevance)
    .filter((gain) => gain > 0)
    .sort((a, b) => b - a)
  const first = found.findIndex((gain) => gain > 0)
  const best = gained(ideal.slice(0, cut))
  return {
    ndcg: best > 0 ? gained(found) / best : 0,
    reciprocalRank: first < 0 ? 0 : 1 / (first + 1),
    recall: ideal.length > 0 ? found.filter((gain) => gain > 0).length / ideal.length : 0,
  }
}

/** Best first. As in trec_eval scores have single precision, and of equal ones the document with the larger name comes first. */
function ranked(scores: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(scores).map(([document, score]) => ({ document, score: Math.fround(score) }))
  return entries.sort((a, b) => b.score - a.score || (a.document < b.document ? 1 : -1)).map(({ document }) => document)
}

/** Gains, discounted by the logarithm of their places. */
const gained = (gains: readonly number[]) => gains.reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0)

function mean(values: readonly number[]): Measure {
  if (values.length === 0) return { mean: 0, interval: [0, 0] }
  const average = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length
  const draw = draws(values.length)
  const means = Array.from({ length: DRAWS }, () => average(values.map(() => values[draw()] ?? 0))).sort((a, b) => a - b)
  return { mean: average(values), interval: [means[Math.floor(0.025 * DRAWS)] ?? 0, means[Math.ceil(0.975 * DRAWS) - 1] ?? 0] }
}

/** Whole numbers below `count`, the same each time. */
function draws(count: number): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
}

/** Reads judgements as BEIR stores them: lines of query, document and relevance, with tabs between them and a heading. Lines of trec_eval's four columns are read too. */
export function readJudgements(text: string): Judgements {
  const judgements: Record<string, Record<string, number>> = Object.create(null)
  for (const line of text.split(/\r?\n/)) {
    const columns = line.trim().split(/\t| +/)
    const [query, document, relevance] = columns.length === 4 ? [columns[0], columns[2], Number(columns[3])] : [columns[0], columns[1], Number(columns[2])]
    // The heading has a word where the others have a number.
    if (!query || !document || columns.length < 3 || !Number.isFinite(relevance)) continue
    judgements[query] ??= Object.create(null) as Record<string, number>
    ;(judgements[query] as Record<string, number>)[document] = relevance
  }
  return judgements
}
