// The static server of `npm start` and of the tests.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT } from '../../scripts/lib.mjs'
import { listen, serveFile } from '../../scripts/serve.mjs'

let server
let url
before(async () => {
  server = await listen((request, response) => serveFile(join(ROOT, 'www'), request, response) || response.writeHead(404).end(), 0, true)
  url = `http://127.0.0.1:${server.address().port}`
})
after(() => {
  server.closeAllConnections()
  server.close()
})

test('invalid paths are not found, and the server goes on', async () => {
  for (const path of ['/style.css/x', '/%00', '/%', '/nowhere', `/${'x'.repeat(5000)}`]) assert.equal((await fetch(url + path)).status, 404, path.slice(0, 20))
  assert.equal((await fetch(`${url}/style.css`)).status, 200)
})

test('an unchanged file is not sent again; ranges are', async () => {
  const etag = (await fetch(`${url}/style.css`)).headers.get('etag')
  const again = await fetch(`${url}/style.css`, { headers: { 'if-none-match': etag } })
  assert.deepEqual([again.status, await again.text()], [304, ''])
  assert.equal((await fetch(`${url}/style.css`, { headers: { 'if-none-match': '"other"' } })).status, 200)
  const part = await fetch(`${url}/style.css`, { headers: { range: 'bytes=0-4' } })
  assert.deepEqual([part.status, await part.text()], [206, ':root'])
})
