// A candidate as a card: a picture or a text, its place, its score, and how far it came.
import { el } from './dom.js'

/** Below this the best is not marked: the model has found nothing. */
const NOTHING = 0.01

/** A card for one column. `onSimilar` adds a button that searches with the picture; `onRemove` takes an item of the reader's own away. */
export function card(item, { onSimilar, onRemove }) {
  const rank = el('span', { className: 'rank', aria: { hidden: true } })
  const score = el('span', { className: 'score' })
  const moved = el('span', { className: 'moved' })
  const name = el('span', { className: 'name', title: item.name }, item.name)
  const body = el('div', { className: 'body' }, name, item.text === undefined ? undefined : el('span', { className: 'text' }, item.text))
  const bar = el('span', { className: 'bar', aria: { hidden: true } }, el('span'))
  const node = el('li', { className: `card ${item.kind}`, data: { id: item.id } })
  if (item.kind === 'picture') node.append(frame(item, onSimilar))
  node.append(rank, body, el('div', { className: 'result' }, bar, score, moved))
  if (item.own) node.append(removal(item, onRemove))
  return { node, rank, score, moved, bar: bar.firstChild }
}

function removal(item, onRemove) {
  const label = `Remove ${item.name}, which you added`
  const button = el('button', { type: 'button', className: 'own-mark', title: 'Remove', aria: { label } }, 'yours ×')
  button.addEventListener('click', () => onRemove(item))
  return button
}

function frame(item, onSimilar) {
  const picture = pictureOf(item)
  if (!onSimilar) return el('div', { className: 'frame' }, picture)
  const button = el('button', { type: 'button', className: 'frame', title: 'Search with this picture', aria: { label: `Search with this picture: ${item.name}` } }, picture)
  button.addEventListener('click', () => onSimilar(item))
  return button
}

function pictureOf({ sprite, url }) {
  if (url) return el('img', { src: url, alt: '', className: 'pixels' })
  const cell = el('span', { className: 'pixels', aria: { hidden: true } })
  // In hundredths, so that the cell may have any size on the screen.
  cell.style.backgroundImage = `url("${sprite.url}")`
  cell.style.backgroundSize = `${(sprite.width / sprite.side) * 100}% ${(sprite.height / sprite.side) * 100}%`
  cell.style.backgroundPosition = `${(sprite.x / (sprite.width - sprite.side)) * 100}% ${(sprite.y / Math.max(sprite.height - sprite.side, 1)) * 100}%`
  return cell
}

/** Writes a card's place, score, and the places it has gained. */
export function fill(parts, { rank, score, failed, from }) {
  parts.rank.textContent = rank
  parts.node.classList.toggle('scored', score !== undefined)
  parts.node.classList.toggle('best', rank === 1 && score >= NOTHING)
  parts.score.textContent = score === undefined ? (failed ?? '') : score < NOTHING ? '<0.01' : score.toFixed(2)
  parts.score.title = score === undefined ? '' : `relevance ${score.toFixed(5)}`
  parts.bar.style.transform = `scaleX(${score ?? 0})`
  const gained = from === undefined ? 0 : from - rank
  parts.moved.textContent = gained === 0 ? '' : `${gained > 0 ? '↑' : '↓'}${Math.abs(gained)}`
  parts.moved.classList.toggle('up', gained > 0)
  parts.moved.title = gained === 0 ? '' : `${Math.abs(gained)} places ${gained > 0 ? 'up' : 'down'}`
}
