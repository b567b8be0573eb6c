// Random combinations of network faults, for any engine: each load ends with the right scores, or with the right error and then completes.
import assert from 'node:assert/strict'
import { Host, random } from '../server/faulty.mjs'
import { add, BYTES, hashes, INTEGRITY, load, MODEL, STALLING } from './storage.mjs'

/** The largest probability of each fault per request. */
const CHANCES = { cut: 0.4, stall: 0.1, short: 0.3, wrongRange: 0.15, busy: 0.3, reset: 0.2, flip: 0.15 }
/** Errors that flipped bits may cause, because files are parsed before the whole file is hashed. */
const DAMAGED = [
  'integrity',
  'file_changed',
  'invalid_config',
  'invalid_tokenizer',
  'invalid_weights',
  'missing_tensor',
  'unsupported_dtype',
  'unsupported_model',
]
const SWITCHES = ['noRanges', 'noLength', 'noValidators', 'redirect']
/** Drawn from a separate generator, so that older seeds keep their faults. */
const MORE_SWITCHES = ['away', 'gzip']

/** A random selection of faults. */
function faultsOf(draw, seed, seesCuts) {
  const faults = {}
  for (const [name, chance] of Object.entries(CHANCES)) if (draw() < 0.35) faults[name] = chance * draw()
  for (const name of SWITCHES) if (draw() < 0.12) faults[name] = true
  const more = random(seed * 7919)
  for (const name of MORE_SWITCHES) if (more() < 0.12) faults[name] = true
  // With a compressed body the length says nothing about the content, so a missing end cannot be detected.
  if (faults.gzip) delete faults.short
  if (faults.gzip && !seesCuts) delete faults.cut
  return faults
}

/**
 * Loads once for each seed, over a network with its faults. `browser` and `page` are those of either harness; `score` is what every
 * load must give, and `seesCuts` whether the engine reports that a compressed body was cut. Returns a sentence about what happened.
 */
export async function loadWithFaults({ browser, page, score, seesCuts = true }, seeds) {
  const totals = { complete: 0, errors: {}, requests: 0, bytes: 0 }
  const start = Date.now()
  for (const seed of seeds) {
    const draw = random(seed)
    const faults = faultsOf(draw, seed, seesCuts)
    const host = new Host(MODEL, faults, seed)
    const url = browser.host(host)
    host.elsewhere = browser.url.replace('127.0.0.1', 'localhost') + url
    // Flipped bits can only be detected with a hash.
    const hashed = faults.flip !== undefined || draw() < 0.5
    const options = { download: STALLING, ...(hashed && { integrity: INTEGRITY }) }
    const label = `seed ${seed}: ${JSON.stringify(faults)}${hashed ? ', hashed' : ''}`
    // Every eighth seed also loads the model and scores.
    const scored = seed % 8 === 0
    const get = () => (scored ? load(page, url, options) : add(page, url, options))
    const check = async (result) => {
      if (scored) assert.equal(result.ok.score, score, label)
      assert.deepEqual(await hashes(page, url), INTEGRITY, label)
    }
    const first = await get()
    if (first.ok) await check(first)
    else {
      totals.errors[first.error.code] = (totals.errors[first.error.code] ?? 0) + 1
      const allowed = ['network', 'bad_response', ...(faults.flip ? DAMAGED : [])]
      assert.ok(first.error.name === 'SecondpassError' && allowed.includes(first.error.code), `${label}: ${JSON.stringify(first.error)}`)
    }
    totals.complete += first.ok ? 1 : 0
    totals.requests += host.requests
    totals.bytes += host.total
    if (first.ok) continue
    // After the network has recovered, the load completes from whatever is stored.
    host.faults = { noRanges: faults.noRanges }
    const second = await get()
    assert.ok(second.ok, `${label}, then ${JSON.stringify(second.error)}`)
    await check(second)
  }
  return (
    `${seeds.length} seeds in ${((Date.now() - start) / 1000).toFixed(0)} s: ${totals.complete} complete at the first attempt, errors ${JSON.stringify(totals.errors)}, ` +
    `${totals.requests} requests, ${totals.bytes} bytes (${(totals.bytes / seeds.length / BYTES).toFixed(2)} times the files); all complete in the end`
  )
}

/** The seeds from one to another. */
export const seedsUpTo = (count, first = 1) => Array.from({ length: count }, (_, i) => first + i)
