// Formats results as text tables.

const mb = (bytes) => (bytes === undefined ? '–' : `${(bytes / 1e6).toFixed(0)}`)
const ms = ({ median, least, most, samples }) => (samples > 1 ? `${round(median)} (${round(least)}–${round(most)})` : round(median))
const round = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0))

/** One table for a model: a row for each engine and workload. */
export function engineTable(size, legs) {
  const rows = [['engine', 'workload', 'ms per document', 'first score ms', 'last score ms', 'score error', 'ranks', 'load ms', 'wasm MB', 'page MB', 'GPU MB']]
  for (const leg of legs) {
    if (!leg.workloads) {
      rows.push([leg.key, `cannot run: ${leg.failure}`])
      continue
    }
    leg.workloads.forEach((each, i) =>
      rows.push(
        each.skipped
          ? [i ? '' : leg.key, `${each.workload} ${each.skipped}`]
          : [
              i ? '' : nameOf(leg),
              each.documents < each.of ? `${each.workload} (${each.documents} of ${each.of})` : each.workload,
              ms(each.per_document_ms),
              ms(each.first_ms),
              ms(each.last_ms),
              ...agreementCells(each.agreement),
              ...(i ? [] : [ms(leg.load_ms), mb(leg.wasm_bytes), mb(leg.page_bytes), mb(leg.gpu_bytes)]),
            ],
      ),
    )
  }
  return `${size}\n${render(rows)}`
}

const nameOf = ({ key, batch, info }) => `${key}${batch > 1 ? `, ${batch} at once` : ''}${info?.kernels ? `, ${info.kernels}` : ''}`

const agreementCells = (agreement) =>
  agreement ? [`${agreement.largest.toExponential(1)}${agreement.agrees ? '' : ' ✗'}`, agreement.ranks?.toFixed(3) ?? '–'] : ['–', '–']

/** Loading time and memory, at the first visit and at the second. */
export function loadingTable(size, legs) {
  const rows = [['loading', 'visit', 'fetched MB', 'loaded s', 'first score s', 'wasm MB', 'page MB', 'blank page MB', 'GPU MB']]
  const seconds = (value) => (value / 1000).toFixed(1)
  for (const { key, visits, failure } of legs) {
    visits.forEach((each, i) =>
      rows.push([
        i ? '' : key,
        each.visit,
        mb(each.fetched_bytes),
        seconds(each.load_ms),
        seconds(each.first_score_ms),
        mb(each.wasm_bytes),
        mb(each.page_bytes),
        mb(each.blank_page_bytes),
        mb(each.gpu_bytes),
      ]),
    )
    if (failure) rows.push([key, `cannot run: ${failure}`])
  }
  return `${size}, from a URL to the first score\n${render(rows)}`
}

/** Our speed relative to each peer on the same device, for each workload. */
export function ratioTable(size, legs) {
  const rows = [['ratio', ...new Set(legs.flatMap((leg) => leg.workloads?.map((each) => each.workload) ?? []))]]
  for (const ours of legs.filter((leg) => leg.engine === 'ours' && leg.workloads)) {
    for (const peer of legs.filter((leg) => leg.engine !== 'ours' && leg.device === ours.device && leg.workloads)) {
      rows.push([`${ours.key} against ${peer.key}`, ...ours.workloads.map((each, i) => times(each, peer.workloads[i]))])
    }
  }
  return rows.length > 1 ? `${size}, times as fast per document (* the peer got fewer documents)\n${render(rows)}` : ''
}

/** The ratio, with an asterisk if the peer got fewer documents. */
function times(ours, peer) {
  if (ours.skipped || peer.skipped) return '–'
  return `${(peer.per_document_ms.median / ours.per_document_ms.median).toFixed(2)}×${peer.documents < ours.documents ? '*' : ''}`
}

/** The effect of each saving. */
export function savingsTable(size, legs) {
  const rows = [['savings', 'workload', 'ms per document', 'relative to all on', 'tokens computed', 'score error']]
  for (const leg of legs) {
    const all = legs.find((other) => other.device === leg.device && other.label === 'all on')
    if (!leg.workloads) rows.push([leg.key, `cannot run: ${leg.failure}`])
    leg.workloads?.forEach((each, i) =>
      rows.push([
        i ? '' : leg.key,
        each.workload,
        ms(each.per_document_ms),
        all?.workloads ? `${(each.per_document_ms.median / all.workloads[i].per_document_ms.median).toFixed(2)}×` : '–',
        each.tokens ? `${((100 * (each.tokens - each.cached_tokens)) / each.tokens).toFixed(0)} %` : '–',
        agreementCells(each.agreement)[0],
      ]),
    )
  }
  return `${size}, savings\n${render(rows)}`
}

function render(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.filter((row) => row.length > 2).map((row) => (row[column] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Throughput of each shader relative to the probes. */
export function kernelTable({ probes, rows }) {
  const percent = (part) => (part === undefined ? '–' : `${(100 * part).toFixed(0)} %`)
  const table = [
    ['shader', 'size', 'ms', 'GFLOP/s', 'of probe', 'GB/s', 'of probe'],
    ['probe: multiply-add only', '', round(probes.compute.ms), probes.compute.gflops.toFixed(0), '', '', ''],
    ['probe: copy only', '', round(probes.memory.ms), '', '', probes.memory.gbs.toFixed(1), ''],
  ]
  for (const row of rows) {
    table.push(
      row.failure
        ? [row.name, `cannot run: ${row.failure}`]
        : [row.name, row.shape, row.ms.toFixed(2), row.gflops?.toFixed(1) ?? '–', percent(row.of_compute), row.gbs?.toFixed(1) ?? '–', percent(row.of_memory)],
    )
  }
  return `shaders on this adapter\n${render(table)}`
}

/** The time of a request by the number of workers. */
export function poolTable({ shape, type, rounds, workloads, wasm_bytes }) {
  const rows = [['request', 'tokens', 'workers', 'ms', 'times as fast', 'wasm MB']]
  for (const { name, tokens, points } of workloads) {
    points.forEach(({ workers, speedup, least, most, ms: middle }, i) =>
      rows.push([
        i ? '' : name,
        i ? '' : String(tokens),
        String(workers),
        ms({ median: middle, least, most, samples: rounds }),
        `${speedup.toFixed(2)}×`,
        mb(wasm_bytes[i].bytes),
      ]),
    )
  }
  return `pool of workers, ${shape} ${type}, median of ${rounds} rounds\n${render(rows)}`
}

const times3 = ({ vision_ms, compute_ms, total_ms }) => [vision_ms, compute_ms, total_ms].map(round)

/** Time by picture size, and the effect of the vision cache. */
export function pictureTables(rows) {
  const sizes = [['pictures', 'pixels', 'tokens', 'vision ms', 'decoder ms', 'total ms']]
  const cache = [['vision cache', 'request', 'vision ms', 'decoder ms', 'total ms', 'score difference']]
  for (const { device, failure, ...row } of rows) {
    if (failure) {
      sizes.push([`ours ${device}`, `cannot run: ${failure}`])
      continue
    }
    row.sizes.forEach((each, i) => sizes.push([i ? '' : `ours ${device}`, `${each.edge} × ${each.edge}`, String(each.tokens), ...times3(each)]))
    for (const [state, requests] of [
      ['on', row.cache.on],
      ['off', row.cache.off],
    ]) {
      requests.forEach((each, i) =>
        cache.push([
          i ? '' : `ours ${device}, ${state}`,
          `${i ? 'another query' : 'first query'}, ${row.documents} of ${row.edge} × ${row.edge}`,
          ...times3(each),
          i && state === 'off' ? row.cache.largest_difference.toExponential(1) : '–',
        ]),
      )
    }
  }
  return `one document that is a picture\n${render(sizes)}\n\nthe same pictures under two queries\n${render(cache)}`
}
