// A candidate as a card: picture or text, rank, score, and how many places it moved.
import { el } from '../dom.js'
import { isRelevant, scoreText } from '../scores.js'

/** @import { Item, Sprite } from '../items.js' */

/**
 * @typedef {object} Card
 * @property {HTMLLIElement} node
 * @property {HTMLElement} rank
 * @property {HTMLElement} score
 * @property {HTMLElement} moved
 * @property {HTMLElement} bar
 */

/**
 * Creates an item's card. `onSimilar` adds a button that searches with its picture, or plays the moment of a clip by `onPlay`; `onRemove` removes an item that the user added.
 *
 * @param {Item} item
 * @param {{ onSimilar?: ((item: Item) => void) | undefined, onPlay: (item: Item) => void, onRemove: (item: Item) => void }} actions
 * @returns {Card}
 */
export function createCard(item, { onSimilar, onPlay, onRemove }) {
  const rank = el('span', { className: 'rank', aria: { hidden: true } })
  const score = el('span', { className: 'score' })
  const moved = el('span', { className: 'moved' })
  const name = el('span', { className: 'name', title: item.name }, item.name)
  const body = el('div', { className: 'body' }, name, item.text === undefined ? undefined : el('span', { className: 'text' }, item.text))
  const bar = el('span')
  const node = el('li', { className: `card ${item.kind}`, data: { id: item.id } })
  if (item.kind === 'picture') node.append(item.moment ? playButton(item, onPlay) : frame(item, onSimilar))
  node.append(rank, body, el('div', { className: 'result' }, el('span', { className: 'bar', aria: { hidden: true } }, bar), score, moved))
  if (item.userAdded) node.append(removeButton(item, onRemove))
  return { node, rank, score, moved, bar }
}

/** @param {Item} item @param {(item: Item) => void} onRemove */
function removeButton(item, onRemove) {
  const label = `Remove ${item.name}, which you added`
  const button = el('button', { type: 'button', className: 'own-mark', title: 'Remove', aria: { label } }, 'yours ×')
  button.addEventListener('click', () => onRemove(item))
  return button
}

/** @param {Item} item @param {(item: Item) => void} onPlay */
function playButton(item, onPlay) {
  const label = `Play ${item.name}`
  const button = el('button', { type: 'button', className: 'frame plays', title: 'Play the clip from here', aria: { label } }, pictureOf(item))
  button.addEventListener('click', () => onPlay(item))
  return button
}

/** @param {Item} item @param {((item: Item) => void) | undefined} onSimilar */
function frame(item, onSimilar) {
  const picture = pictureOf(item)
  if (!onSimilar) return el('div', { className: 'frame' }, picture)
  const button = el(
    'button',
    { type: 'button', className: 'frame', title: 'Search with this picture', aria: { label: `Search with this picture: ${item.name}` } },
    picture,
  )
  button.addEventListener('click', () => onSimilar(item))
  return button
}

/** @param {Item} item */
function pictureOf({ sprite, url }) {
  if (url) return el('img', { src: url, alt: '', className: 'pixels' })
  const cell = el('span', { className: 'pixels', aria: { hidden: true } })
  if (sprite) showSprite(cell, sprite)
  return cell
}

/** Positions the sheet in percent, so that the cell may have any size on the screen. @param {HTMLElement} cell @param {Sprite} sprite */
function showSprite(cell, { url, x, y, width, height, side }) {
  cell.style.backgroundImage = `url("${url}")`
  cell.style.backgroundSize = `${(width / side) * 100}% ${(height / side) * 100}%`
  cell.style.backgroundPosition = `${(x / (width - side)) * 100}% ${(y / Math.max(height - side, 1)) * 100}%`
}

/**
 * Updates a card's rank, score, and the number of places gained since `firstRank`. `failed` is shown in place of a score.
 *
 * @param {Card} card
 * @param {{ rank: number, score?: number | undefined, failed?: string | undefined, firstRank?: number | undefined }} state
 */
export function updateCard(card, { rank, score, failed, firstRank }) {
  card.rank.textContent = String(rank)
  card.node.classList.toggle('scored', score !== undefined)
  card.node.classList.toggle('best', rank === 1 && score !== undefined && isRelevant(score))
  card.score.textContent = score === undefined ? (failed ?? '') : scoreText(score)
  card.score.title = score === undefined ? '' : `relevance ${score.toFixed(5)}`
  card.bar.style.transform = `scaleX(${score ?? 0})`
  const gained = firstRank === undefined ? 0 : firstRank - rank
  card.moved.textContent = gained === 0 ? '' : `${gained > 0 ? '↑' : '↓'}${Math.abs(gained)}`
  card.moved.classList.toggle('up', gained > 0)
  card.moved.title = gained === 0 ? '' : `${Math.abs(gained)} places ${gained > 0 ? 'up' : 'down'}`
}
