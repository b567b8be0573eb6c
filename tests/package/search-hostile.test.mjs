// Exported indexes that somebody made on purpose: all checksums and hashes fit, and what they say does not.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { SearchIndex } from 'secondpass/search'
import { hashedEmbedder, passages } from '../browser/pages/search-parts.js'

function crc32(bytes) {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return ~crc >>> 0
}

const u32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}
const u16 = (value) => u32(value).subarray(0, 2)
const f32 = (value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}
const record = (kind, ...parts) => {
  const body = Buffer.concat([Buffer.from([kind]), ...parts])
  return Buffer.concat([u32(body.length), u32(crc32(body)), body])
}
const key = (text) => Buffer.concat([u16(Buffer.byteLength(text)), Buffer.from(text)])
const header = (vectors = [{ name: 'text', print: 'p', dimensions: 4 }]) => record(1, Buffer.from(JSON.stringify({ vectors })))
const put = (id, document, checksum) => {
  const json = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document))
  return record(2, u32(1), u32(checksum ?? crc32(json)), key(id), json)
}
const vector = (id, { index = 0, scale = 0.01, values = [1, 2, 3, 4] } = {}) =>
  record(4, u32(1), u32(crc32(Buffer.from(JSON.stringify({ id })))), Buffer.from([index]), f32(scale), key(id), Buffer.from(values))
const end = (count) => record(7, u32(count))
const segment = (...records) => Buffer.concat([Buffer.from('SPINDEX1'), ...records])

/** A file whose lengths, checksums and hash are right, unless `change` is told otherwise. */
function archive(records, { keywords = Buffer.alloc(0), change = {}, packed } = {}) {
  const body = Buffer.concat([records, keywords])
  const said = {
    format: 1,
    content: `sha256-${createHash('sha256').update(body).digest('hex')}`,
    records: records.length,
    keywords: keywords.length,
    id: 'id',
    documents: 1,
    ...change,
  }
  const json = Buffer.from(JSON.stringify(said))
  return Buffer.concat([Buffer.from('SPSEARCH'), u32(json.length), u32(crc32(json)), json, packed ?? gzipSync(body)])
}

const one = { id: 'a', text: 'anchor' }
const good = segment(header(), put('a', one), end(1))
const open = (options = {}) => SearchIndex.open('hostile', { fields: ['text'], storage: 'memory', ...options })

test('what the test makes is accepted where it is right', async () => {
  const index = await open()
  assert.equal(await index.import(archive(good)), true)
  assert.deepEqual((await index.search('anchor')).results[0].document, one)
})

const HOSTILE = {
  'a record that is longer than the file': archive(Buffer.concat([segment(header()), u32(0xffffffff), u32(0)])),
  'a record without a body': archive(segment(header(), Buffer.concat([u32(0), u32(0)]))),
  'no end': archive(segment(header(), put('a', one))),
  'an end that counts otherwise': archive(segment(header(), put('a', one), end(2))),
  'more after the end': archive(segment(header(), put('a', one), end(1), put('a', one))),
  'no header': archive(segment(put('a', one), end(1))),
  'two headers': archive(segment(header(), header(), end(0))),
  'a header that is no JSON': archive(segment(record(1, Buffer.from('{')), end(0))),
  'a header that is null': archive(segment(record(1, Buffer.from('null')), end(0))),
  'a vector field without numbers': archive(segment(header([{ name: 'a', print: 'p', dimensions: 0 }]), end(0))),
  'a vector field of a billion numbers': archive(segment(header([{ name: 'a', print: 'p', dimensions: 1e9 }]), end(0))),
  'ten thousand vector fields': archive(segment(header(Array(10_000).fill({ name: 'a', print: 'p', dimensions: 1 })), end(0))),
  'an unknown kind of record': archive(segment(header(), record(9, u32(1)), end(1))),
  'a deletion': archive(segment(header(), record(3, u32(1), key('a')), end(1))),
  'an id that is longer than its record': archive(segment(header(), record(2, u32(1), u32(0), u16(60_000), Buffer.from('a')), end(1))),
  'an id that is no text': archive(segment(header(), record(2, u32(1), u32(crc32(Buffer.from('{}'))), u16(1), Buffer.from([255]), Buffer.from('{}')), end(1))),
  'a document under another id': archive(segment(header(), put('b', one), end(1))),
  'a document that is no JSON': archive(segment(header(), put('a', '{"id":'), end(1))),
  'a document that is a list': archive(segment(header(), put('a', '["a"]'), end(1))),
  'a document of another checksum': archive(segment(header(), put('a', one, 7), end(1))),
  'a vector of a field that is not there': archive(segment(header(), put('a', { id: 'a' }), vector('a', { index: 3 }), end(2))),
  'a vector that is too short': archive(segment(header(), put('a', { id: 'a' }), vector('a', { values: [1] }), end(2))),
  'a vector with an infinite scale': archive(segment(header(), put('a', { id: 'a' }), vector('a', { scale: Number.POSITIVE_INFINITY }), end(2))),
  'a vector whose scale is not a number': archive(segment(header(), put('a', { id: 'a' }), vector('a', { scale: Number.NaN }), end(2))),
  'another hash': archive(good, { change: { content: 'sha256-00' } }),
  'no hash': archive(good, { change: { content: 5 } }),
  'a format that is not known': archive(good, { change: { format: 2 } }),
  'sizes below zero': archive(good, { change: { records: -1 } }),
  'sizes beyond all memory': archive(good, { change: { records: 2 ** 50 } }),
  'a gzip that goes on for a gigabyte': archive(good, { packed: Buffer.concat([gzipSync(good), ...Array(64).fill(gzipSync(Buffer.alloc(1 << 24)))]) }),
  'a gzip that is none': archive(good, { packed: Buffer.from('not a gzip at all') }),
  'a gzip that ends early': archive(good, { packed: gzipSync(good).subarray(0, 30) }),
  nothing: Buffer.alloc(0),
  'a header of four gigabytes': Buffer.concat([Buffer.from('SPSEARCH'), u32(0xffffffff), u32(0)]),
}

for (const [what, file] of Object.entries(HOSTILE)) {
  test(`${what} is refused, and what was there stays`, async () => {
    const index = await open()
    await index.add([{ id: 'kept', text: 'mine' }])
    const began = performance.now()
    await assert.rejects(index.import(file), { name: 'SecondpassError', code: 'integrity' })
    assert.ok(performance.now() - began < 5000)
    assert.equal(index.info.documents, 1)
    assert.equal((await index.search('mine')).results[0].id, 'kept')
  })
}

test('a keyword index that says nonsense is made again', async () => {
  const index = await open()
  await index.add(passages(50))
  const whole = Buffer.from(await (await index.export()).arrayBuffer())
  const length = whole.readUInt32LE(8)
  const said = JSON.parse(whole.subarray(16, 16 + length))
  const body = gunzipSync(whole.subarray(16 + length))
  const records = body.subarray(0, said.records)
  const saved = body.subarray(said.records)
  const printEnd = 16 + saved.readUInt32LE(12)
  const mini = JSON.parse(saved.subarray(printEnd))
  const wanted = (await index.search('copper')).results.map(({ id }) => id)
  const tries = {
    'not JSON': '{',
    null: 'null',
    'another form': '{"index":5}',
    'of nothing': JSON.stringify({ ...mini, index: [], documentIds: {}, documentCount: 0 }),
    'of documents that are not there': JSON.stringify({ ...mini, documentIds: Object.fromEntries(Object.keys(mini.documentIds).map((n) => [n, `x${n}`])) }),
    'of another version': JSON.stringify({ ...mini, serializationVersion: 99 }),
    'without lengths': JSON.stringify({ ...mini, fieldLength: {} }),
  }
  for (const [what, json] of Object.entries(tries)) {
    const rest = Buffer.concat([saved.subarray(12, printEnd), Buffer.from(json)])
    const keywords = Buffer.concat([saved.subarray(0, 8), u32(crc32(rest)), rest])
    const other = await open()
    assert.equal(await other.import(archive(records, { keywords })), true, what)
    assert.deepEqual(
      (await other.search('copper')).results.map(({ id }) => id),
      wanted,
      what,
    )
  }
})

test('vectors of an unknown field or another model are left aside', async () => {
  const embedder = hashedEmbedder('mine')
  const index = await open({ embedder })
  const document = { id: 'a' }
  const file = archive(
    segment(
      header([
        { name: 'strange', print: 'p', dimensions: 4 },
        { name: 'text', print: 'p', dimensions: 4 },
      ]),
      put('a', document),
      vector('a'),
      vector('a', { index: 1 }),
      end(3),
    ),
  )
  await index.import(file)
  assert.match(index.info.warnings.join(' '), /another model/)
  assert.deepEqual([index.info.vectors, embedder.calls], [{ text: 0 }, 0])
})
