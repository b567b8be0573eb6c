// Files dropped anywhere on the page. While files are dragged, an overlay shows the two drop zones.
import { $ } from './dom.js'

const MOST_FILES = 2000

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
    const zone = zoneOf(event)?.dataset['zone'] === 'query' ? 'query' : 'add'
    // The list is empty once the event is over, so the entries are taken now.
    const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? undefined)
    const files = [...(event.dataTransfer?.files ?? [])]
    if (!entries.some((entry) => entry?.isDirectory)) onFiles(files, zone)
    else filesIn(entries.filter((entry) => entry !== undefined)).then((found) => onFiles(found, zone))
  })
}

/** @param {DragEvent} event @returns {HTMLElement | null} */
const zoneOf = ({ target }) => (target instanceof Element ? target.closest('[data-zone]') : null)

/** The files of folders, and of the folders in them; hidden ones are left out. @param {FileSystemEntry[]} entries @returns {Promise<File[]>} */
async function filesIn(entries) {
  /** @type {File[]} */
  const files = []
  const open = [...entries]
  for (let entry = open.shift(); entry && files.length < MOST_FILES; entry = open.shift()) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    try {
      if (isFile(entry)) files.push(await fileOf(entry))
      else if (isFolder(entry)) open.push(...(await entriesOf(entry)))
    } catch {
      // One entry that the browser may not read does not lose the others.
    }
  }
  return files
}

/** @param {FileSystemEntry} entry @returns {entry is FileSystemFileEntry} */
const isFile = (entry) => entry.isFile
/** @param {FileSystemEntry} entry @returns {entry is FileSystemDirectoryEntry} */
const isFolder = (entry) => entry.isDirectory

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject))

/** A reader gives a folder's entries in parts; an empty part is the end. @param {FileSystemDirectoryEntry} folder */
async function entriesOf(folder) {
  const reader = folder.createReader()
  /** @type {FileSystemEntry[]} */
  const all = []
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))
    if (part.length === 0) return all
    all.push(...part)
  }
}
