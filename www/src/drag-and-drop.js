// Files dropped anywhere on the page. While files are dragged, an overlay shows the two drop zones.
import { $ } from './dom.js'

/** @typedef {'add' | 'query'} DropZone */

/** Calls `onFiles` with the dropped files and the zone they were dropped on. @param {(files: File[], zone: DropZone) => void} onFiles */
export function acceptDrops(onFiles) {
  const overlay = $('#drop')
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files') ?? false
  addEventListener('dragenter', (event) => {
    if (hasFiles(event)) overlay.hidden = false
  })
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    const target = zoneOf(event)
    for (const zone of overlay.children) zone.classList.toggle('over', zone === target)
  })
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) overlay.hidden = true
  })
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    overlay.hidden = true
    onFiles([...(event.dataTransfer?.files ?? [])], zoneOf(event)?.dataset['zone'] === 'query' ? 'query' : 'add')
  })
}

/** @param {DragEvent} event @returns {HTMLElement | null} */
const zoneOf = ({ target }) => (target instanceof Element ? target.closest('[data-zone]') : null)
