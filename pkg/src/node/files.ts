// Files on disk as answers of `fetch`, with ranges: a model is read where it lies.

interface FileSystem {
  openAsBlob(path: URL): Promise<Blob>
  promises: { stat(path: URL): Promise<{ size: number; mtimeMs: number; isFile(): boolean }> }
}

const { process } = globalThis as unknown as { process: { getBuiltinModule(name: 'node:fs'): FileSystem } }
const files = process.getBuiltinModule('node:fs')

/** Answers as a server does that knows ranges: 200, 206, 404 or 416. */
export async function fetchFile(address: string, init?: RequestInit): Promise<Response> {
  const path = new URL(address)
  const stat = await files.promises.stat(path).catch(() => undefined)
  if (!stat?.isFile()) return new Response(null, { status: 404 })
  const { size } = stat
  const type = path.pathname.endsWith('.wasm') ? 'application/wasm' : 'application/octet-stream'
  const headers = { 'content-type': type, 'accept-ranges': 'bytes', etag: `"${size}-${stat.mtimeMs}"` }
  const blob = await files.openAsBlob(path)
  const range = /^bytes=(\d+)-(\d*)$/.exec(new Headers(init?.headers).get('range') ?? '')
  if (!range) return new Response(blob.stream(), { headers: { ...headers, 'content-length': String(size) } })
  const from = Number(range[1])
  const to = Math.min(range[2] ? Number(range[2]) : Number.POSITIVE_INFINITY, size - 1)
  if (from > to) return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${size}` } })
  const part = blob.slice(from, to + 1)
  return new Response(part.stream(), {
    status: 206,
    headers: { ...headers, 'content-length': String(part.size), 'content-range': `bytes ${from}-${to}/${size}` },
  })
}
