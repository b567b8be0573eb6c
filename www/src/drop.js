// Files dropped anywhere. While something is dragged, two large places show what will happen with it.
import { $ } from './dom.js'

/** `onFiles(files, zone)`, where the zone is `add` or `query`. */
export function dropping(onFiles) {
  const overlay = $('#drop')
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files')
  const mark = (target) => {
    for (const zone of overlay.children) zone.classList.toggle('over', zone === target)
  }
  addEventListener('dragenter', (event) => {
    if (hasFiles(event)) overlay.hidden = false
  })
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    mark(event.target.closest?.('[data-zone]'))
  })
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) overlay.hidden = true
  })
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    overlay.hidden = true
    onFiles([...event.dataTransfer.files], event.target.closest?.('[data-zone]')?.dataset.zone ?? 'add')
  })
}
