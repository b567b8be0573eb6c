// A found passage as a card: where it is, the words that match, its score, and its place in each stage.
import { el } from '../dom.js'
import { excerptOf, markedText } from '../excerpt.js'
import { scoreText } from '../scores.js'

/** @import { SearchHit } from '../secondpass/search/index.js' */
/** @import { Passage } from './split-text.js' */

const SHOWN_LETTERS = 720

/** @typedef {{ node: HTMLLIElement, rank: HTMLElement, text: HTMLElement, why: HTMLElement, score: HTMLElement, moved: HTMLElement, bar: HTMLElement }} HitCard */

/** @param {Passage} passage @returns {HitCard} */
export function createHitCard({ id, title, url }) {
  const rank = el('span', { className: 'rank', aria: { hidden: true } })
  const path = title.split(' > ')
  const heading = path.pop() ?? title
  const name = url ? el('a', { className: 'name', href: url, target: '_blank', rel: 'noopener' }, heading) : el('span', { className: 'name' }, heading)
  const text = el('span', { className: 'text' })
  const why = el('span', { className: 'why' })
  const score = el('span', { className: 'score' })
  const moved = el('span', { className: 'moved' })
  const bar = el('span')
  const body = el('div', { className: 'body' }, name, path.length > 0 ? el('span', { className: 'path' }, path.join(' › ')) : undefined, text, why)
  const node = el('li', { className: 'card text hit', data: { id } }, rank, body)
  node.append(el('div', { className: 'result' }, el('span', { className: 'bar', aria: { hidden: true } }, bar), score, moved))
  return { node, rank, text, why, score, moved, bar }
}

/**
 * Updates a card. `why` adds its place in each stage; `settled` tells how far it moved from its place by keywords.
 *
 * @param {HitCard} card
 * @param {SearchHit<Passage>} hit
 * @param {{ rank: number, why: boolean, best: boolean, settled: boolean }} state
 */
export function updateHitCard(card, hit, { rank, why, best, settled }) {
  const words = new Set(hit.words)
  const score = hit.scores.reranked
  card.rank.textContent = String(rank)
  card.text.replaceChildren(...markedText(excerptOf(hit.document.text, words, SHOWN_LETTERS), words))
  card.why.textContent = why ? whyOf(hit) : ''
  card.node.classList.toggle('scored', score !== undefined)
  card.node.classList.toggle('best', best)
  card.score.textContent = !why ? '' : score === undefined ? (hit.error === undefined ? '' : 'not read') : scoreText(score)
  card.score.title = score === undefined ? '' : `relevance ${score.toFixed(5)}`
  card.bar.style.transform = `scaleX(${score ?? 0})`
  const first = hit.ranks.keywords
  const gained = !why || !settled || score === undefined || first === undefined ? 0 : first - rank
  card.moved.textContent = gained === 0 ? '' : `${gained > 0 ? '↑' : '↓'}${Math.abs(gained)}`
  card.moved.classList.toggle('up', gained > 0)
  card.moved.title = gained === 0 ? '' : `${Math.abs(gained)} places ${gained > 0 ? 'up' : 'down'} from the keyword order`
}

/** Its place in each stage. @param {SearchHit<Passage>} hit */
function whyOf({ ranks, scores }) {
  const stages = [
    ranks.keywords === undefined ? 'no keyword' : `keywords ${ranks.keywords}`,
    ranks.vectors === undefined ? undefined : `vectors ${ranks.vectors}`,
    ranks.keywords !== undefined && ranks.vectors !== undefined ? `both ${ranks.fused}` : undefined,
  ].filter((stage) => stage !== undefined)
  return `${stages.join(' · ')}${scores.reranked === undefined || ranks.reranked === undefined ? '' : ` → read ${ranks.reranked}`}`
}
