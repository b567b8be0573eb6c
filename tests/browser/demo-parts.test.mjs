// Modules of the demo that run without a browser.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { score } from '../../www/src/run.js'
import { models } from '../../www/src/stored.js'

test('stored files are grouped into models', () => {
  const file = (url, complete = true) => ({ url, bytes: 10, stored: complete ? 10 : 4, complete })
  const hub = 'https://huggingface.co/Qwen/Qwen3-Reranker-0.6B/resolve/main/'
  const groups = models([
    file(`${hub}config.json`),
    file(`${hub}tokenizer.json`),
    file(`${hub}model.safetensors`, false),
    file('https://example.org/a/one-Q8_0.gguf'),
    file('https://example.org/a/mmproj-one.gguf'),
    file('https://example.org/a/big-00002-of-00002.gguf'),
    file('https://example.org/a/big-00001-of-00002.gguf'),
    file('https://example.org/a/part-00001-of-00003.gguf'),
  ])
  assert.deepEqual(
    groups.map(({ name, url, bytes, stored, complete, vision, files }) => [name, url, bytes, stored, complete, vision, files.length]),
    [
      ['Qwen3-Reranker-0.6B', hub, 30, 24, false, false, 3],
      ['one-Q8_0.gguf', 'https://example.org/a/one-Q8_0.gguf', 10, 10, true, false, 1],
      ['mmproj-one.gguf', 'https://example.org/a/mmproj-one.gguf', 10, 10, true, true, 1],
      ['big-00001-of-00002.gguf', 'https://example.org/a/big-00001-of-00002.gguf', 20, 20, true, false, 2],
      ['part-00001-of-00003.gguf', 'https://example.org/a/part-00001-of-00003.gguf', 10, 10, false, false, 1],
    ],
  )
})

test('warnings and errors name the document instead of its index', async () => {
  const items = Array.from({ length: 8 }, (_, n) => ({ id: n, name: `item ${n}`, content: () => 'text' }))
  const timings = { vision_ms: 0, compute_ms: 0 }
  const response = (documents) => ({
    results: [],
    usage: { total_tokens: 0 },
    meta: { cached_tokens: 0, timings, warnings: ['documents[0] was cut'], failed: [{ index: documents.length - 1, message: 'documents[1] is broken' }] },
  })
  const failed = []
  const { warnings } = await score(
    { rerank: async ({ documents }) => response(documents) },
    { query: 'q', items, onFailed: (item, message) => failed.push([item.name, message]) },
  )
  // Six in the first call, two in the second.
  assert.deepEqual(warnings, ['“item 0” was cut', '“item 6” was cut'])
  assert.deepEqual(failed, [
    ['item 5', '“item 1” is broken'],
    ['item 7', '“item 7” is broken'],
  ])
  const refusing = {
    rerank: async () => {
      throw new Error('invalid request: documents[2] is no picture')
    },
  }
  await assert.rejects(score(refusing, { query: 'q', items }), /“item 2” is no picture/)
})
