// Where the visitor gives a text of their own: pasted, as files, or as a folder.
import { $, bytes, input, query } from '../dom.js'
import { blocksOfHtml, blocksOfText } from './split-text.js'
import { isTextFile, MOST_FILE_BYTES } from './text-files.js'

/** @import { NamedText } from './text-files.js' */

/**
 * Wires the fields. `onText` resolves once the text is taken; a text that is refused comes back into the field.
 *
 * @param {HTMLElement} root
 * @param {{ onText: (text: NamedText) => Promise<void>, onFiles: (files: File[]) => void, onProblem: (text: string) => void }} actions
 */
export function wireOwnText(root, { onText, onFiles, onProblem }) {
  const area = query('.own-text', HTMLTextAreaElement, root)
  /** What was pasted as a page, and the text that the field shows for it. */
  let pasted = { html: '', text: '' }
  area.addEventListener('paste', ({ clipboardData }) => {
    const html = clipboardData?.getData('text/html') ?? ''
    if (html === '' || html.length > MOST_FILE_BYTES || area.value.trim() !== '') return
    pasted = { html, text: (clipboardData?.getData('text/plain') ?? '').trim() }
  })
  $('.own-add', root).addEventListener('click', async () => {
    const text = area.value.trim()
    onProblem('')
    if (text.length > MOST_FILE_BYTES) return onProblem(`This text has more than ${bytes(MOST_FILE_BYTES)}. Give it in parts, or as files.`)
    // At once, so that a second click does not add it again.
    area.value = ''
    try {
      await onText({ name: 'Your text', blocks: text !== '' && text === pasted.text ? blocksOfHtml(pasted.html) : blocksOfText(text) })
    } catch (error) {
      if (area.value === '') area.value = text
      onProblem(error instanceof Error ? error.message : String(error))
    }
  })
  for (const selector of ['.own-files', '.own-folder']) {
    const picker = input(selector, root)
    picker.addEventListener('change', () => {
      // A folder holds other things as well; a chosen file was meant.
      onFiles([...(picker.files ?? [])].filter((file) => selector === '.own-files' || isTextFile(file)))
      picker.value = ''
    })
  }
}
