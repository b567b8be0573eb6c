// Twenty seconds of the soak; `npm run soak` runs it for as long as you like.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leaks, printed, soak } from '../soak/soak.mjs'

test('twenty seconds of everything at once leave every score as it is', async () => {
  const seed = Number(process.env.SEED ?? 1)
  const result = await soak({ seconds: 20, seed })
  console.log(printed(result))
  assert.deepEqual(result.problems, [], `seed ${seed}`)
  const { figures } = result
  assert.ok(figures.requests > 20 && figures.scores > 50, JSON.stringify(figures))
  assert.equal(figures.late, 0)
})

test('a leak is noticed', () => {
  const samples = Array.from({ length: 30 }, (_, i) => ({ wasm: 100 + 10 * i, heap: 30, resident: 500 + (i % 3) }))
  assert.deepEqual(leaks(samples), ['wasm memory grew from 250 to 350 MB'])
})
