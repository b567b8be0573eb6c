// The part of a passage that shows why it was found, with the words that match marked.
import { el } from './dom.js'

/** They are in every text: to mark them says nothing, unless there are no others. */
const COMMON = new Set(
  'a an and are as at be by can do does for from has have how i if in into is it its my not of on or so that the their them then there they this to was what when where which while who why will with you your'.split(
    ' ',
  ),
)
const WORD = /[\p{L}\p{N}]+/gu
/** So much of the text stands before the first of the words. */
const BEFORE = 40

/**
 * At most so many letters of a text, from where most of the words are.
 *
 * @param {string} text
 * @param {ReadonlySet<string>} words  in small letters, without accents
 * @param {number} length
 */
export function excerptOf(text, words, length) {
  if (text.length <= length) return text
  const places = placesOf(text, words)
  let [best, most] = [0, 0]
  for (const { at } of places) {
    const count = new Set(places.filter((place) => place.at >= at && place.at < at + length - BEFORE).map(({ word }) => word)).size
    if (count > most) [best, most] = [at, count]
  }
  const start = best <= BEFORE ? 0 : text.lastIndexOf(' ', best - BEFORE) + 1
  const end = start + length >= text.length ? text.length : Math.max(start + 1, text.lastIndexOf(' ', start + length))
  return `${start > 0 ? '… ' : ''}${text.slice(start, end)}${end < text.length ? ' …' : ''}`
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
  const telling = new Set([...words].filter((word) => !COMMON.has(word)))
  const wanted = telling.size > 0 ? telling : words
  return [...text.matchAll(WORD)].flatMap(({ 0: found, index }) => {
    const word = plain(found)
    return wanted.has(word) ? [{ at: index, length: found.length, word }] : []
  })
}

/** As the keyword index compares words. @param {string} word */
const plain = (word) =>
  word
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
