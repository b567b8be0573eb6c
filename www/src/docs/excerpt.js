// The part of a passage that shows why it was found.

const LENGTH = 180
/** So much of the text stands before the first word that matches. */
const BEFORE = 50
/** Words of so many letters are in every text: to mark them says nothing, unless there are no others. */
const SHORT = 3

/**
 * Pieces of a text around the first of some words; `matches` tells which piece is one of them.
 *
 * @param {string} text
 * @param {readonly string[]} words  in small letters
 * @returns {{ text: string, matches: boolean }[]}
 */
export function excerpt(text, words) {
  const flat = text.replaceAll(/\s+/g, ' ')
  const parts = split(flat, words)
  const first = parts.find(({ matches }) => matches)
  const start = first ? wordStart(flat, Math.max(0, first.start - BEFORE)) : 0
  const end = wordEnd(flat, start + LENGTH)
  const shown = parts
    .filter((part) => part.end > start && part.start < end)
    .map((part) => ({ text: flat.slice(Math.max(part.start, start), part.matches ? part.end : Math.min(part.end, end)), matches: part.matches }))
  if (start > 0) shown.unshift({ text: '… ', matches: false })
  if (end < flat.length) shown.push({ text: ' …', matches: false })
  return shown
}

/** @param {string} text @param {number} from */
const wordStart = (text, from) => (from === 0 ? 0 : Math.max(0, text.indexOf(' ', from) + 1))

/** @param {string} text @param {number} from */
function wordEnd(text, from) {
  const space = text.indexOf(' ', from)
  return space < 0 ? text.length : space
}

/**
 * The text, divided where its words begin and end.
 *
 * @param {string} text
 * @param {readonly string[]} words
 */
function split(text, words) {
  const telling = words.filter((word) => word.length > SHORT)
  const wanted = new Set(telling.length > 0 ? telling : words)
  /** @type {{ start: number, end: number, matches: boolean }[]} */
  const parts = []
  let at = 0
  for (const { 0: word, index } of text.matchAll(/[\p{L}\p{N}_]+/gu)) {
    if (!wanted.has(word.toLowerCase())) continue
    parts.push({ start: at, end: index, matches: false }, { start: index, end: index + word.length, matches: true })
    at = index + word.length
  }
  parts.push({ start: at, end: text.length, matches: false })
  return parts.filter(({ start, end }) => end > start)
}
