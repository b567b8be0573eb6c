// A whole index out of and into one file.
import { ArchiveReader, damagedArchive, writeArchive } from './archive.js'
import type { IndexCore } from './index-core.js'
import type { IndexControl } from './index-progress.js'
import { readKeywordFile, writeKeywordFile } from './keyword-file.js'
import { openArchive } from './open-archive.js'
import type { LogRecord } from './segment.js'

/** Everything that the index holds, with its keyword index, so that a page need not index again. */
export async function exportIndex({ table, layout, log, keywords: loaded }: IndexCore): Promise<Blob> {
  await log.catchUp()
  const keywords = await loaded()
  await keywords.catchUp()
  const records: LogRecord[] = []
  for (let row = 0; row < table.rows; row++) {
    const stored = table.at(row)
    if (!stored) continue
    const { key, checksum, document } = stored
    records.push({ type: 'put', seq: 1, key, checksum, document })
    for (const column of table.columns) {
      const vector = column.get(row)
      if (vector) records.push({ type: 'vector', seq: 1, key, checksum, ...vector })
    }
  }
  return writeArchive(records, writeKeywordFile(keywords.print, keywords.save() ?? ''), layout.id, table.size)
}

/** Replaces everything by what a file holds, unless it is what was imported before. Resolves to whether it was replaced. */
export async function importIndex(core: IndexCore, source: string | URL | Blob | BufferSource, { signal, onProgress }: IndexControl): Promise<boolean> {
  const { layout, table, log } = core
  const { stream, total } = await openArchive(source, signal)
  const reader = new ArchiveReader(stream, (loaded) => onProgress?.({ stage: 'download', loaded, total: Math.max(total, loaded) }))
  try {
    const header = await reader.header()
    if (header.id !== layout.id) throw damagedArchive(`its documents are identified by "${header.id}", those of this index by "${layout.id}"`)
    if (table.source === header.content) return false
    const { records, keywords } = await reader.body(header)
    await log.append((add, seq) => {
      add({ type: 'clear', seq })
      add({ type: 'source', seq, content: header.content })
      for (const record of records) add({ ...record, seq })
    }, signal)
    onProgress?.({ stage: 'store', loaded: table.size, total: table.size })
    const index = await core.keywords()
    const json = readKeywordFile(keywords, index.print)
    if (json) await index.load(json, [])
    return true
  } finally {
    await reader.cancel()
  }
}
