/** The text of a body, or undefined if it is longer than `limit` bytes; it is not read further than that. */
export async function readText(body: Request | Response, limit: number): Promise<string | undefined> {
  if (Number(body.headers.get('content-length') ?? 0) > limit) return undefined
  // Firefox has no stream of a request's body.
  if (!body.body) return textOf(await body.blob(), limit)
  const reader = body.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let read = 0; ; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    read += value.byteLength
    if (read > limit) {
      await reader.cancel()
      return undefined
    }
    text += decoder.decode(value, { stream: true })
  }
}

async function textOf(blob: Blob, limit: number): Promise<string | undefined> {
  return blob.size > limit ? undefined : blob.text()
}
