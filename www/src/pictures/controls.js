// Sets up the controls of a search: labels, options, and the inputs that add the user's own items.
import { $, input, query } from '../dom.js'

/**
 * @typedef {object} ControlOptions
 * @property {string} label         of the search field
 * @property {string} query         the query at the start
 * @property {string} how           what the second pass reads
 * @property {number} shown         how many candidates are shown at first
 * @property {string} instruction   the model's default instruction
 */

/** Fills a fresh copy of the template with texts, and connects each label with its input. @param {HTMLElement} root @param {ControlOptions} options */
export function initControls(root, { label, query: text, how, shown, instruction }) {
  const field = input('.query', root)
  field.setAttribute('aria-label', label)
  field.placeholder = label
  field.value = text
  $('.search', root).setAttribute('aria-label', label)
  $('.how', root).textContent = how
  $('.query-file', root).setAttribute('aria-label', 'Picture to search with')
  $('.own-files', root).setAttribute('aria-label', 'Files to add')
  input('.instruction', root).placeholder = instruction
  for (const name of ['instruction', 'limit', 'own-text']) {
    $(`.${name}`, root).id = `${root.id}-${name}`
    query(`.for-${name}`, HTMLLabelElement, root).htmlFor = `${root.id}-${name}`
  }
  for (const column of ['first', 'second']) {
    const heading = $(`.${column} h2`, root)
    heading.id = `${root.id}-${column}`
    $(`.${column}`, root).setAttribute('aria-labelledby', heading.id)
  }
  root.style.setProperty('--shown', String(shown))
}

/**
 * Wires everything that adds items: paste, file inputs, and the text field.
 *
 * @param {HTMLElement} root
 * @param {{ onFiles: (files: File[]) => void, onQueryFile: (file: File) => void, onText: (text: string) => void }} actions
 */
export function wireUserItems(root, { onFiles, onQueryFile, onText }) {
  const queryFile = input('.query-file', root)
  const files = input('.own-files', root)
  const ownText = input('.own-text', root)
  input('.query', root).addEventListener('paste', ({ clipboardData }) => {
    const file = [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'))
    if (file) onQueryFile(file)
  })
  queryFile.addEventListener('change', () => {
    const file = queryFile.files?.[0]
    if (file) onQueryFile(file)
    queryFile.value = ''
  })
  files.addEventListener('change', () => {
    onFiles([...(files.files ?? [])])
    files.value = ''
  })
  const addText = () => {
    const text = ownText.value.trim()
    if (!text) return
    onText(text)
    ownText.value = ''
  }
  $('.own-add', root).addEventListener('click', addText)
  ownText.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    addText()
  })
}
