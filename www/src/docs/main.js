// The script of every page of the documentation: its search, buttons that copy code, and the keyboard's way into what scrolls.
import { el } from '../dom.js'
import { SearchBox } from './search-box.js'

new SearchBox()
for (const block of document.querySelectorAll('.code')) addCopy(block)
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) focusWhereItScrolls(target)
})
for (const element of document.querySelectorAll('.scroll, .code pre, p:has(> .wide)')) observer.observe(element)

/** @param {Element} block */
function addCopy(block) {
  const button = el('button', { type: 'button', className: 'docs-copy' }, 'Copy')
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(block.querySelector('pre')?.textContent ?? '')
      button.textContent = 'Copied'
    } catch {
      button.textContent = 'Not allowed'
    }
    setTimeout(() => {
      button.textContent = 'Copy'
    }, 2000)
  })
  block.append(button)
}

/** What is wider than its place is scrolled with the keyboard too. @param {Element} element */
function focusWhereItScrolls(element) {
  if (element.scrollWidth > element.clientWidth) element.setAttribute('tabindex', '0')
  else element.removeAttribute('tabindex')
}
