// What an exported index says of itself: the field that identifies its documents, and those that keywords are searched in.
import { ArchiveReader, damagedArchive } from '../search/archive.js'
import { fieldsOfKeywordFile } from '../search/keyword-file.js'

export async function fieldsOfArchive(archive: Blob): Promise<{ id: string; fields: Record<string, number> }> {
  const reader = new ArchiveReader(archive.stream(), () => {})
  const header = await reader.header()
  const { keywords } = await reader.body(header)
  const fields = fieldsOfKeywordFile(keywords)
  if (!fields) throw damagedArchive('its keyword index is of another version')
  return { id: header.id, fields: Object.fromEntries(fields.map((name) => [name, 1])) }
}
