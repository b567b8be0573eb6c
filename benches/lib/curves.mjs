// Measured times and the cost model's, as small charts side by side.
import { escapeXml, STYLE } from './svg.mjs'

const WIDTH = 300
const HEIGHT = 250
const LINES = '.curve{fill:none;stroke:var(--second);stroke-width:1.5;stroke-dasharray:5 4}.axis{stroke:var(--faint)}'
const BOX = { left: 56, right: 20, top: 66, bottom: 44 }

const COST = {
  title: 'Time of a request: measured, and by the cost model at a fixed speed (dashed)',
  label: 'Time of a request as documents, tokens and pixels grow',
}

/** Panels of `{ title, unit, points: [{ x, ms, model_ms }] }`; axes start at zero, so that proportional growth is a straight line through the origin. */
export function curves(panels, footer, { title, label } = COST) {
  const width = panels.length * WIDTH
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT + 40}" role="img" aria-label="${escapeXml(label)}">
<style>${STYLE}${LINES}</style><rect class="paper" width="100%" height="100%"/>
<text class="title" x="16" y="26">${escapeXml(title)}</text>
${panels.map((panel, i) => `<g transform="translate(${i * WIDTH},0)">${draw(panel)}</g>`).join('\n')}
<text class="faint" x="16" y="${HEIGHT + 22}">${escapeXml(footer)}</text>
</svg>
`
}

function draw({ title, unit, points }) {
  const right = WIDTH - BOX.right
  const bottom = HEIGHT - BOX.bottom
  const most = { x: nice(Math.max(...points.map((p) => p.x))), y: nice(Math.max(...points.flatMap((p) => [p.ms, p.model_ms]))) }
  const x = (value) => BOX.left + ((right - BOX.left) * value) / most.x
  const y = (value) => bottom - ((bottom - BOX.top) * value) / most.y
  const ticks = [0, 0.5, 1]
  return [
    `<text class="group" x="16" y="52">${escapeXml(title)}</text>`,
    ...ticks
      .map((t) => t * most.y)
      .map(
        (ms) =>
          `<line class="grid" x1="${BOX.left}" x2="${right}" y1="${y(ms)}" y2="${y(ms)}"/>` +
          `<text class="faint" text-anchor="end" x="${BOX.left - 6}" y="${y(ms) + 4}">${seconds(ms)}</text>`,
      ),
    ...ticks.map((t) => `<text class="faint" text-anchor="middle" x="${x(t * most.x)}" y="${bottom + 16}">${amount(t * most.x)}</text>`),
    `<line class="axis" x1="${BOX.left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`,
    `<text class="faint" text-anchor="middle" x="${(BOX.left + right) / 2}" y="${bottom + 34}">${escapeXml(unit)}</text>`,
    `<polyline class="curve" points="${points.map((p) => `${x(p.x).toFixed(1)},${y(p.model_ms).toFixed(1)}`).join(' ')}"/>`,
    ...points.map((p) => `<circle class="ours" cx="${x(p.x).toFixed(1)}" cy="${y(p.ms).toFixed(1)}" r="4"/>`),
  ].join('\n')
}

function nice(value) {
  const step = 10 ** Math.floor(Math.log10(value))
  return [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10].find((factor) => factor * step >= value) * step
}

const seconds = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)
const amount = (value) => (value >= 1e5 ? `${(value / 1e6).toFixed(1)} M` : String(Math.round(value)))
