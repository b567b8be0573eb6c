// The page's side of the service-worker route: whatever a handler does, the service worker gets an answer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveRerankRoute } from '../../pkg/dist/http/index.js'

const container = Object.assign(new EventTarget(), { startMessages() {} })
// Node has no `navigator` before version 21.
globalThis.navigator ??= {}
Object.defineProperty(navigator, 'serviceWorker', { value: container, configurable: true })

/** Hands a request over, as the service worker does; the messages that come back. */
async function handOver(handler) {
  const stop = serveRerankRoute(handler)
  const { port1, port2 } = new MessageChannel()
  const replies = []
  try {
    await new Promise((resolve, reject) => {
      port1.onmessage = ({ data }) => {
        if (replies.push(data) && data.type === 'answer') resolve()
      }
      setTimeout(() => reject(new Error('no answer')), 2000).unref()
      const data = { type: 'secondpass:rerank', url: 'http://localhost/v1/rerank', method: 'POST', headers: [['content-type', 'application/json']], body: '{}' }
      container.dispatchEvent(Object.assign(new Event('message'), { data, ports: [port2] }))
    })
    return replies
  } finally {
    stop()
    port1.close()
  }
}

test('an answer is preceded by a receipt', async () => {
  const replies = await handOver(async (request) => new Response(await request.text(), { status: 201, headers: { 'x-a': 'b' } }))
  assert.deepEqual(replies, [
    { type: 'taken' },
    {
      type: 'answer',
      status: 201,
      headers: [
        ['content-type', 'text/plain;charset=UTF-8'],
        ['x-a', 'b'],
      ],
      body: '{}',
    },
  ])
})

test('statuses without a body, network errors, exceptions and broken bodies all end with an answer', async () => {
  const broken = () =>
    new Response(
      new ReadableStream({
        pull() {
          throw new Error('broken')
        },
      }),
    )
  const cases = [
    [() => new Response(null, { status: 204 }), 204],
    [() => new Response(null, { status: 205 }), 205],
    [() => new Response(null, { status: 304 }), 304],
    [() => Response.error(), 502],
    [
      () => {
        throw new Error('x')
      },
      500,
    ],
    [async () => undefined, 500],
    [broken, 500],
  ]
  for (const [handler, status] of cases) {
    const answer = (await handOver(handler)).at(-1)
    assert.equal(answer.status, status)
    // What the service worker does with it.
    assert.equal(new Response(answer.body, { status: answer.status, headers: answer.headers }).status, status)
  }
})
