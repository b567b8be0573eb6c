// The controls of a search: their names, and what adds items to it.
import { $, el } from './dom.js'

/** Gives the controls of a fresh template their texts, and each label its input. */
export function dress(root, { label, examples, query, how, limits, shown, instruction }) {
  const input = $('.query', root)
  input.setAttribute('aria-label', label)
  input.placeholder = label
  input.value = query
  $('.search', root).setAttribute('aria-label', label)
  $('.how', root).textContent = how
  $('.query-file', root).setAttribute('aria-label', 'Picture to search with')
  $('.own-files', root).setAttribute('aria-label', 'Files to add')
  $('.instruction', root).placeholder = instruction
  for (const name of ['instruction', 'limit', 'own-text']) {
    $(`.${name}`, root).id = `${root.id}-${name}`
    $(`.for-${name}`, root).htmlFor = `${root.id}-${name}`
  }
  for (const column of ['first', 'second']) {
    const heading = $(`.${column} h2`, root)
    heading.id = `${root.id}-${column}`
    $(`.${column}`, root).setAttribute('aria-labelledby', heading.id)
  }
  $('.limit', root).append(...limits.map((n) => el('option', { value: n, textContent: n === Infinity ? 'all' : n })))
  $('.limit', root).value = String(limits.at(-1))
  $('.examples', root).append(...examples.map((text) => el('li', {}, el('button', { type: 'button', className: 'example', textContent: text }))))
  root.style.setProperty('--shown', shown)
}

/** Files and texts of the reader's own, however they come. */
export function wireAdding(root, { onFiles, onQueryFile, onText }) {
  const on = (selector, type, work) => $(selector, root).addEventListener(type, work)
  on('.query', 'paste', (event) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith('image/'))
    if (file) onQueryFile(file)
  })
  on('.query-file', 'change', ({ target }) => {
    if (target.files[0]) onQueryFile(target.files[0])
    target.value = ''
  })
  on('.own-files', 'change', ({ target }) => {
    onFiles([...target.files])
    target.value = ''
  })
  const addText = () => {
    const text = $('.own-text', root).value.trim()
    if (!text) return
    onText(text)
    $('.own-text', root).value = ''
  }
  on('.own-add', 'click', addText)
  on('.own-text', 'keydown', (event) => event.key === 'Enter' && (event.preventDefault(), addText()))
}
