// The results as an SVG bar chart on a logarithmic scale, one group for each model and workload. Colours follow the reader's
// theme.
import { curves } from './curves.mjs'
import { escapeXml, STYLE } from './svg.mjs'

const WIDTH = 860
const LEFT = 250
const RIGHT = 90
const BAR = 16
const GAP = 30
const VERSIONS_A_LINE = 3
const COLORS = { ours: 'ours', ort: 'ort', wllama: 'wllama' }

/** The SVG of a result: milliseconds per document of each engine. */
export function chart({ sizes, machine, versions, date }) {
  const groups = sizes.flatMap(({ size, engines = [] }) => groupsOf(size, engines))
  if (!groups.some(({ bars }) => bars.some((bar) => Number.isFinite(bar.value)))) return '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>\n'
  const values = groups.flatMap(({ bars }) => bars.map((bar) => bar.value)).filter(Number.isFinite)
  const scale = logScale(Math.min(...values), Math.max(...values))
  let y = 78
  const body = groups.map(({ title, bars }) => {
    const parts = [`<text class="group" x="16" y="${y}">${escapeXml(title)}</text>`]
    y += 10
    for (const bar of bars) {
      parts.push(drawBar(bar, y, scale))
      y += BAR + 4
    }
    y += GAP
    return parts.join('\n')
  })
  const footer = [
    `${date} · ${machine.cpu}, ${machine.cores} cores${adapterName(machine.adapter)}`,
    ...inLines(Object.entries(versions).map(([name, version]) => `${name} ${version}`)),
  ]
  const grid = scale.ticks.map(
    (tick) =>
      `<line class="grid" x1="${scale.x(tick)}" x2="${scale.x(tick)}" y1="56" y2="${y - GAP}"/>` +
      `<text class="faint" text-anchor="middle" x="${scale.x(tick)}" y="50">${tick}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 9 + 17 * (footer.length - 1)}" role="img" aria-label="Milliseconds per document, by engine">
<style>${STYLE}</style><rect class="paper" width="100%" height="100%"/>
<text class="title" x="16" y="26">Milliseconds per document (less is better; logarithmic)</text>
${grid.join('\n')}
${body.join('\n')}
${footer.map((line, i) => `<text class="faint" x="16" y="${y + i * 17}">${escapeXml(line)}</text>`).join('\n')}
</svg>
`
}

/** The SVG of the pool: time by the number of workers, beside what it would be if each took an equal share. */
export function poolChart({ pool, machine, date, versions }) {
  const panels = pool.workloads.map(({ name, points }) => ({
    title: name.replace('x', ' × ').concat(' tokens'),
    unit: 'workers',
    points: points.map(({ workers, ms }) => ({ x: workers, ms, model_ms: name.startsWith('1x') ? points[0].ms : points[0].ms / workers })),
  }))
  const footer = `${date} · ${machine.cpu}, ${machine.cores} cores · ${pool.shape} ${pool.type} · secondpass ${versions.secondpass}`
  return curves(panels, footer, {
    title: 'Time of a request: measured, and in equal shares (dashed)',
    label: 'Time of a request as workers are added',
  })
}

/** Joins a few parts per line. */
function inLines(parts) {
  return Array.from({ length: Math.ceil(parts.length / VERSIONS_A_LINE) }, (_, i) => parts.slice(i * VERSIONS_A_LINE, (i + 1) * VERSIONS_A_LINE).join(' · '))
}

function adapterName(adapter) {
  if (!adapter) return ''
  return `, WebGPU: ${adapter.description || adapter.vendor}${adapter.fallback ? ' (software)' : ''}`
}

function groupsOf(size, engines) {
  const names = [...new Set(engines.flatMap((leg) => leg.workloads?.map((each) => each.workload) ?? []))]
  return names.map((name) => ({
    title: `${size}, ${name.replace('x', ' documents × ').replace('1 documents', '1 document')} tokens`,
    bars: engines.map((leg) => {
      const found = leg.workloads?.find((each) => each.workload === name)
      return {
        label: leg.key,
        kind: COLORS[leg.engine],
        value: found?.per_document_ms?.median ?? NaN,
        missing: found?.skipped ? 'not run: too slow' : 'cannot run',
        wrong: found?.agreement?.agrees === false,
      }
    }),
  }))
}

function drawBar({ label, kind, value, missing, wrong }, y, scale) {
  const text = `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${escapeXml(label)}</text>`
  if (!Number.isFinite(value)) return `${text}<text class="faint" x="${LEFT}" y="${y + 12}">${missing}</text>`
  const end = scale.x(value)
  return (
    `${text}<rect class="${kind}" x="${LEFT}" y="${y}" width="${Math.max(1, end - LEFT).toFixed(1)}" height="${BAR}" rx="2"/>` +
    `<text x="${(end + 6).toFixed(1)}" y="${y + 12}">${value < 10 ? value.toFixed(1) : value.toFixed(0)}${wrong ? ' (scores differ)' : ''}</text>`
  )
}

function logScale(least, most) {
  const from = Math.floor(Math.log10(least))
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)))
  const x = (value) => LEFT + ((WIDTH - LEFT - RIGHT) * (Math.log10(value) - from)) / (to - from)
  return { x, ticks: Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)) }
}
