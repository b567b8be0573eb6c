// The part of a passage that is shown, with the words that match marked.
import { el } from './dom.js'

const SHOWN = 360
/** Found in every passage, so that marking them says nothing. */
const COMMON = new Set(
  'a an and are as at be by can do does for from has have how i if in into is it its my not of on or so that the their them then there they this to was what when where which while who why will with you your'.split(
    ' ',
  ),
)
const WORD = /[\p{L}\p{N}]+/gu

/**
 * As much of a text as a card shows, from where most of the words are.
 *
 * @param {string} text
 * @param {ReadonlySet<string>} words  in small letters, without accents
 */
export function excerptOf(text, words) {
  if (text.length <= SHOWN) return text
  const places = placesOf(text, words)
  let [best, most] = [0, 0]
  for (const { at } of places) {
    const count = new Set(places.filter((place) => place.at >= at && place.at < at + SHOWN).map(({ word }) => word)).size
    if (count > most) [best, most] = [at, count]
  }
  if (best + (most > 0 ? 40 : 0) < SHOWN) return text.slice(0, SHOWN * 2)
  const start = text.lastIndexOf(' ', best - 30)
  return `… ${text.slice(start + 1, start + SHOWN * 2)}`
}

/** Text nodes and `<mark>` elements. @param {string} text @param {ReadonlySet<string>} words @returns {Node[]} */
export function markedText(text, words) {
  /** @type {Node[]} */
  const nodes = []
  let done = 0
  for (const { at, length } of placesOf(text, words)) {
    nodes.push(document.createTextNode(text.slice(done, at)), el('mark', {}, text.slice(at, at + length)))
    done = at + length
  }
  nodes.push(document.createTextNode(text.slice(done)))
  return nodes
}

/** @param {string} text @param {ReadonlySet<string>} words */
function placesOf(text, words) {
  return [...text.matchAll(WORD)].flatMap(({ 0: found, index }) => {
    const word = plain(found)
    return words.has(word) && !COMMON.has(word) ? [{ at: index, length: found.length, word }] : []
  })
}

/** As the keyword index compares words. @param {string} word */
const plain = (word) =>
  word
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
