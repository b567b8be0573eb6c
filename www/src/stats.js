// The figures below a finished search.
import { $, el } from './dom.js'

/** Shows terms and values. @param {HTMLElement} root @param {string[][]} rows */
export function showNumbers(root, rows) {
  const list = $('.numbers', root)
  list.replaceChildren(...rows.map(([term, value]) => el('div', {}, el('dt', {}, term), el('dd', {}, value))))
  list.hidden = false
  list.classList.remove('stale')
}

/** Marks them as those of an earlier search. @param {HTMLElement} root */
export const staleNumbers = (root) => $('.numbers', root).classList.add('stale')
