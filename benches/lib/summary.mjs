// Summarizes samples: medians with their spread, and the agreement of scores with Transformers.

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted.length % 2 ? sorted[sorted.length >> 1] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2
}
const spread = (values) => ({ median: median(values), least: Math.min(...values), most: Math.max(...values), samples: values.length })

/** The summary of a leg: the agreement of its scores instead of the scores. */
export function summarize({ leg, rounds, failure, batch }, reference) {
  const base = { engine: leg.engine, device: leg.device, key: leg.key, label: leg.label }
  if (!rounds.length) return { ...base, failure }
  const workloads = rounds[0].runs.map((_, i) =>
    summarizeRuns(
      rounds.map((round) => round.runs[i]),
      reference?.[leg.reference],
      leg.tolerance,
    ),
  )
  return {
    ...base,
    failure,
    batch: leg.batches ? batch : undefined,
    info: rounds[0].info,
    load_ms: spread(rounds.map((round) => round.load_ms)),
    first_request_ms: spread(rounds.map((round) => round.first_request_ms)),
    wasm_bytes: median(rounds.map((round) => round.wasm_bytes)),
    gpu_submissions: median(rounds.map((round) => round.submissions)),
    page_bytes: peak(rounds, 'page'),
    gpu_bytes: peak(rounds, 'gpu'),
    workloads,
  }
}

function summarizeRuns(runs, reference, tolerance) {
  const { workload, documents, of, scores, extra, skipped } = runs[0]
  if (skipped) return { workload, skipped }
  return {
    workload,
    documents,
    of,
    per_document_ms: spread(runs.map((run) => run.per_document_ms)),
    total_ms: spread(runs.map((run) => run.total_ms)),
    first_ms: spread(runs.map((run) => run.first_ms)),
    last_ms: spread(runs.map((run) => run.last_ms)),
    tokens: extra?.usage?.total_tokens,
    cached_tokens: extra?.meta?.cached_tokens,
    agreement: reference ? agreement(scores, reference[workload], tolerance) : undefined,
  }
}

/** Differences from the reference scores, and the rank correlation. */
export function agreement(scores, expected, tolerance) {
  const differences = scores.map((score, i) => Math.abs(score - expected[i]))
  const largest = Math.max(...differences)
  return {
    largest,
    mean: differences.reduce((sum, each) => sum + each, 0) / scores.length,
    ranks: scores.length > 2 ? correlation(ranks(scores), ranks(expected.slice(0, scores.length))) : undefined,
    tolerance,
    agrees: largest <= tolerance,
  }
}

function ranks(values) {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b])
  const result = Array(values.length)
  order.forEach((index, rank) => {
    result[index] = rank
  })
  return result
}

function correlation(a, b) {
  const mean = (values) => values.reduce((sum, each) => sum + each, 0) / values.length
  const [ma, mb] = [mean(a), mean(b)]
  const product = (x, mx, y, my) => x.reduce((sum, each, i) => sum + (each - mx) * (y[i] - my), 0)
  return product(a, ma, b, mb) / Math.sqrt(product(a, ma, a, ma) * product(b, mb, b, mb))
}

const peak = (rounds, process) => (rounds[0].memory ? median(rounds.map((round) => round.memory[process].peak)) : undefined)
