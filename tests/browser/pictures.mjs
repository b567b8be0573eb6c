// Pictures of every kind that a page has, for tests in which they travel.

/** Runs in a page whose `reranker` sees: the results, and whether the page still has the bytes that it gave. */
export async function scorePictures() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 })
  const context = canvas.getContext('2d')
  context.fillStyle = 'rgb(200 30 60)'
  context.fillRect(10, 10, 30, 20)
  const svg = new Blob(['<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="20" height="20" fill="blue"/></svg>'], {
    type: 'image/svg+xml',
  })
  const bytes = await (await new Promise((done) => canvas.toBlob(done))).arrayBuffer()
  const documents = [{ image: canvas }, { image: await createImageBitmap(canvas) }, { image: svg }, { image: bytes }, { text: 'a red box' }]
  const { results } = await window.reranker.rerank({ query: 'red', documents }, { strict: true })
  return { results, kept: bytes.byteLength > 0 }
}
