// Products by today's kernels and by variants that need relaxed SIMD, in turns, in one instance of one module.

/** In each group the first is what the package computes with today; `same`: results must be equal to it in every bit. */
const GROUPS = [
  {
    weights: '4 bit',
    variants: [
      { name: 'today', number: 0 },
      { name: 'relaxed, 2 rows', number: 1, same: true },
      { name: 'relaxed, 4 rows', number: 2, same: true },
    ],
  },
  {
    weights: '8 bit',
    variants: [
      { name: 'today', number: 10 },
      { name: 'relaxed', number: 11, same: true },
      { name: 'relaxed, activations of 14 bits', number: 12, tolerance: 5e-4 },
    ],
  },
  {
    weights: 'f32',
    variants: [
      { name: 'today', number: 20 },
      { name: 'plain loops of 4 × 8', number: 21, tolerance: 1e-5 },
      { name: 'the same, fused', number: 22, tolerance: 1e-5 },
    ],
  },
]
/** What a step of the innermost loops can be at best. */
const CEILINGS = ['16-bit dot and add', 'relaxed dot', 'f32 multiply and add', 'relaxed multiply-add']
const CHECKED = [
  [1, 9, 32],
  [5, 13, 96],
  [33, 100, 384],
  [7, 64, 1024],
]
/** A sample: long for the clock of an isolated page, and short enough that few are interrupted. */
const LEAST_MS = 1

/** Checks all variants, and measures them with products of `sizes` for `ms` each; null where there is no relaxed SIMD. */
export async function measure({ sizes, ms }) {
  const bytes = await (await fetch('/relaxed/relaxed_bench.wasm')).arrayBuffer()
  if (!WebAssembly.validate(bytes)) return null
  if (!crossOriginIsolated) throw new Error('the clock of this page is too rough')
  const { exports } = (await WebAssembly.instantiate(bytes)).instance
  check(exports)
  return { ceilings: ceilings(exports, ms), rows: sizes.flatMap((size) => GROUPS.map((group) => row(exports, size, group, ms))) }
}

function check(exports) {
  const wrong = exports.wrong_sums(200_000, 12_345)
  if (wrong > 0) throw new Error(`${wrong} sums of pieces are not those of whole numbers`)
  for (const extreme of [false, true]) {
    for (const [at, size] of CHECKED.entries()) {
      exports.prepare(...size, 77 + at, extreme)
      for (const { weights, variants } of GROUPS) {
        exports.product(variants[0].number)
        exports.keep()
        for (const { name, number, same, tolerance } of variants.slice(1)) {
          exports.product(number)
          if (same && exports.differences() > 0) throw new Error(`${weights}, ${name}: ${exports.differences()} values differ at ${size}`)
          // A number that is not one fails as well.
          if (tolerance && !(exports.largest_difference() < tolerance))
            throw new Error(`${weights}, ${name}: off by ${exports.largest_difference()} at ${size}`)
        }
      }
    }
  }
}

function ceilings(exports, ms) {
  const steps = 1_000_000
  const times = inTurns(
    CEILINGS.map((_, kind) => () => exports.ceiling(kind, steps)),
    ms,
  )
  return CEILINGS.map((name, kind) => ({ name, steps_per_ns: (8 * steps) / (Math.min(...times[kind]) * 1e6) }))
}

function row(exports, [m, n, k], { weights, variants }, ms) {
  exports.prepare(m, n, k, 77, false)
  const times = inTurns(
    variants.map(
      ({ number }) =>
        () =>
          exports.product(number),
    ),
    ms,
  )
  return {
    m,
    n,
    k,
    weights,
    variants: variants.map(({ name }, at) => ({
      name,
      samples: times[at].length,
      products_per_ns: (m * n * k) / (Math.min(...times[at]) * 1e6),
      // Of the best samples, which nothing interrupted: a median would say what else the machine does.
      times_as_fast: Math.min(...times[0]) / Math.min(...times[at]),
    })),
  }
}

/** Milliseconds of each work in each round; rounds start with another one each time. */
function inTurns(works, ms) {
  const start = performance.now()
  works.forEach((work) => work())
  const repeat = Math.max(1, Math.ceil((LEAST_MS * works.length) / Math.max(performance.now() - start, 0.1)))
  const times = works.map(() => [])
  const until = performance.now() + ms * works.length
  for (let round = 0; round < 5 || performance.now() < until; round++) {
    for (let i = 0; i < works.length; i++) {
      const at = (i + round) % works.length
      const begin = performance.now()
      for (let again = 0; again < repeat; again++) works[at]()
      times[at].push((performance.now() - begin) / repeat)
    }
  }
  return times
}
